declare module 's3rver' {
  import type { RequestListener } from 'node:http';

  /** An S3 server that keeps objects in a folder, and takes `S3RVER` as key and secret. */
  export default class S3rver {
    constructor(options: { directory: string; silent: boolean; configureBuckets: { name: string; configs: string[] }[] });
    configureBuckets(): Promise<unknown>;
    callback(): RequestListener;
  }
}
