/** The main thread's side of the type checker, with a thread that does what the test says. */
import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { moved, TypeCheckerThread } from '../../src/lsp/typeCheckerThread.ts';
import type { Question } from '../../src/lsp/typeCheckerWorker.ts';

class FakeWorker extends EventEmitter {
  readonly questions: Question[] = [];
  terminated = false;
  postMessage(question: Question): void {
    this.questions.push(question);
  }
  unref(): void {}
  terminate(): Promise<number> {
    this.terminated = true;
    return Promise.resolve(0);
  }
}

let workers: FakeWorker[];
let newest: Int32Array;
let warnings: string[];
let changes: number;
let texts: Map<string, string>;
let thread: TypeCheckerThread;

beforeEach(() => {
  vi.useFakeTimers();
  [workers, warnings, changes, texts] = [[], [], 0, new Map([['a', 'text']])];
  thread = new TypeCheckerThread(
    (shared) => {
      newest = new Int32Array(shared);
      workers.push(new FakeWorker());
      return workers.at(-1) as unknown as Worker;
    },
    { openTexts: () => texts, onChange: () => changes++, warn: (message) => warnings.push(message) },
  );
});
afterEach(() => {
  thread.dispose();
  vi.useRealTimers();
});

const answer = async (errors: unknown): Promise<void> => {
  const worker = workers.at(-1)!;
  worker.emit('message', { number: worker.questions.at(-1)!.number, errors, recordType: null });
  await vi.advanceTimersByTimeAsync(0);
};

test('edits in a burst are one question, and a newer question gives up the older', async () => {
  thread.errors('a', 'text');
  await vi.advanceTimersByTimeAsync(100);
  thread.errors('a', 'text');
  await vi.advanceTimersByTimeAsync(100);
  expect(workers).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(100);
  expect(workers[0]!.questions).toHaveLength(1);
  texts = new Map([['a', 'other text']]);
  thread.errors('a', 'other text');
  await vi.advanceTimersByTimeAsync(200);
  const [first, second] = workers[0]!.questions;
  expect(newest[0]).toBe(second!.number);
  // What the first says, when it was too late to give it up, is of an older text.
  workers[0]!.emit('message', { number: first!.number, errors: [['a', [{ start: 0, end: 9 }]]], recordType: null });
  await vi.advanceTimersByTimeAsync(0);
  expect(changes).toBe(0);
  await answer([['a', [{ start: 1, end: 2 }]]]);
  expect([thread.errors('a', 'other text'), changes]).toEqual([[{ start: 1, end: 2 }], 1]);
});

test('an edit that waits for its pause when an answer comes is asked about all the same', async () => {
  thread.errors('a', 'text');
  await vi.advanceTimersByTimeAsync(200);
  texts = new Map([['a', 'more text']]);
  thread.errors('a', 'more text');
  await answer([['a', [{ start: 0, end: 4 }]]]);
  expect(thread.errors('a', 'more text')).toEqual([{ start: 5, end: 9 }]);
  await vi.advanceTimersByTimeAsync(200);
  expect(workers[0]!.questions.at(-1)!.texts).toEqual(texts);
});

test('what is being looked at is not asked for again, unless files have changed', async () => {
  thread.errors('a', 'text');
  await vi.advanceTimersByTimeAsync(200);
  thread.errors('a', 'text');
  await vi.advanceTimersByTimeAsync(200);
  expect(workers[0]!.questions).toHaveLength(1);
  thread.filesChanged();
  thread.errors('a', 'text');
  await vi.advanceTimersByTimeAsync(200);
  expect(workers[0]!.questions).toHaveLength(2);
});

test('nobody is told of an answer that changes nothing', async () => {
  thread.errors('a', 'text');
  await vi.advanceTimersByTimeAsync(200);
  await answer([['a', []]]);
  expect([thread.errors('a', 'text'), changes]).toEqual([[], 0]);
  await vi.advanceTimersByTimeAsync(200);
  expect(workers[0]!.questions).toHaveLength(1);
});

test('a thread that idles is ended, and started again when there is a question', async () => {
  const question = thread.recordTypeAt('a', 1);
  await vi.advanceTimersByTimeAsync(4 * 60_000);
  expect(workers[0]!.terminated).toBe(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(workers[0]!.terminated).toBe(true);
  expect(await question).toBeNull();
  void thread.recordTypeAt('a', 1);
  expect(workers).toHaveLength(2);
});

test('a thread that dies is told once, leaves no question open, and is not started again', async () => {
  const question = thread.recordTypeAt('a', 1);
  workers[0]!.emit('error', new Error('out of memory'));
  expect(await question).toBeNull();
  expect(await thread.recordTypeAt('a', 1)).toBeNull();
  expect([workers.length, warnings]).toEqual([1, [expect.stringContaining('out of memory')]]);
});

test('what is said of a document that was closed meanwhile is forgotten', async () => {
  thread.errors('a', 'text');
  await vi.advanceTimersByTimeAsync(200);
  thread.forget('a');
  await answer([['a', [{ start: 1, end: 2 }]]]);
  expect([thread.errors('a', 'text'), changes]).toEqual([[], 0]);
});

test.each([
  ['abcdef', 'abXcdef', [{ start: 4, end: 6 }], [{ start: 5, end: 7 }]],
  ['abcdef', 'abXcdef', [{ start: 0, end: 2 }], [{ start: 0, end: 2 }]],
  ['abcdef', 'abef', [{ start: 2, end: 4 }], []],
  ['aaaa', 'aaa', [{ start: 0, end: 2 }], [{ start: 0, end: 2 }]],
])('errors of %j are, in %j, where they belong', (old, text, errors, expected) => {
  expect(moved({ text: old, errors }, text)).toEqual(expected);
});
