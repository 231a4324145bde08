/** The user's functions take records of the stream's type; inside the engine they are untyped. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type UserFunction = (...args: any[]) => any;
