/** Everything a request can fail with. The text says what, where and what to do; `showUser` makes the editor show it in a dialog. */
export class RequestError extends Error {
  readonly id: number;
  readonly showUser: boolean;

  constructor(id: number, message: string, showUser: boolean) {
    super(message);
    this.name = 'RequestError';
    this.id = id;
    this.showUser = showUser;
  }
}

export const unknownRequest = (command: string): RequestError =>
  new RequestError(1001, `The Tidemark debug adapter has no request "${command}".`, false);

export const badConfiguration = (attribute: string, problem: string): RequestError =>
  new RequestError(1002, `The launch configuration cannot be used: "${attribute}" ${problem}.`, true);

export const noRun = (): RequestError => new RequestError(1003, 'No pipeline is running in this session.', false);

export const notPaused = (): RequestError => new RequestError(1004, 'The pipeline is running. Pause it first.', false);

export const staleReference = (what: string): RequestError =>
  new RequestError(1005, `This ${what} belongs to an earlier pause; it is gone since the pipeline went on.`, false);

export const stillLoading = (): RequestError => new RequestError(1006, 'The pipeline is still being loaded. Try again when it runs.', true);

export const engineRefused = (message: string): RequestError => new RequestError(1007, message, true);

export const cannotEvaluate = (expression: string): RequestError =>
  new RequestError(
    1008,
    `"${expression}" names nothing in this frame. Give a path as the variables view shows it, such as record.delay or state.streak.`,
    false,
  );

export const unexpected = (error: unknown): RequestError =>
  new RequestError(1000, `The debug adapter failed: ${error instanceof Error ? error.message : String(error)}`, true);
