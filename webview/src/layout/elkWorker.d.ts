declare module 'elkjs/lib/elk-worker.min.js' {
  /** The worker's source text. */
  const code: string;
  export default code;
}
