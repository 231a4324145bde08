import * as vscode from 'vscode';

const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Text of strangers for a notification: control characters and marks that change the direction of text are shown as `\u001b`, and nothing
 * becomes a link, which VS Code makes of `[text](target)`.
 */
export function plainText(text: string): string {
  return text.replaceAll(HIDDEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).replaceAll('](', '] (');
}

/** Paragraphs of text as it is: no link, picture or markup comes of it. */
export function plainMarkdown(paragraphs: readonly string[]): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString();
  for (const [i, paragraph] of paragraphs.entries()) {
    if (i > 0) markdown.appendMarkdown('\n\n');
    markdown.appendText(plainText(paragraph));
  }
  return markdown;
}
