import type { DebugProtocol } from '@vscode/debugprotocol';
import { ProtocolServer } from '@vscode/debugadapter/lib/protocol.js';
import { RequestError, unexpected, unknownRequest } from './errors.ts';

/**
 * Answers one request. What it returns is the response's body. A handler that must answer before it has done its work (so that
 * no event overtakes the answer) calls `reply` itself; what fails after that goes to `onLateError`.
 */
export type Handler = (args: never, reply: (body?: object) => void) => object | undefined | Promise<object | undefined>;

export type Handlers = Readonly<Record<string, Handler>>;

/** The Debug Adapter Protocol over two streams: framing is the library's, dispatch a table. */
export class Connection extends ProtocolServer {
  #handlers: Handlers = {};
  #onLateError: (error: RequestError) => void = () => undefined;

  serve(handlers: Handlers, onLateError: (error: RequestError) => void): void {
    this.#handlers = handlers;
    this.#onLateError = onLateError;
  }

  event(event: string, body: object = {}): void {
    this.sendEvent({ type: 'event', event, seq: 0, body });
  }

  protected override dispatchRequest(request: DebugProtocol.Request): void {
    void this.#answer(request);
  }

  async #answer(request: DebugProtocol.Request): Promise<void> {
    const { seq, command } = request;
    const response = (success: boolean, rest: object): void =>
      this.sendResponse({ type: 'response', seq: 0, request_seq: seq, command, success, ...rest });
    const answered = { yet: false };
    const reply = (body?: object): void => {
      if (answered.yet) return;
      answered.yet = true;
      response(true, { body });
    };
    try {
      const handler = Object.hasOwn(this.#handlers, command) ? this.#handlers[command] : undefined;
      if (handler === undefined) throw unknownRequest(command);
      reply(await handler((request.arguments ?? {}) as never, reply));
    } catch (thrown) {
      const error = thrown instanceof RequestError ? thrown : unexpected(thrown);
      if (answered.yet) {
        this.#onLateError(error);
        return;
      }
      answered.yet = true;
      response(false, {
        message: error.message,
        body: { error: { id: error.id, format: '{_text}', variables: { _text: error.message }, showUser: error.showUser } },
      });
    }
  }
}
