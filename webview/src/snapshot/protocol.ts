/** How pages about snapshots and the extension talk: requests, each answered once. */

/** Answers of the extension, which passes requests on to the snapshot process. */
export type RemoteAnswer<Progress> =
  | { readonly kind: 'reply'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly reason: string; readonly cancelled: boolean }
  | { readonly kind: 'progress'; readonly id: number; readonly value: Progress };

export type RemoteQuestion<Requests extends RequestTable<Requests>> =
  | { readonly kind: 'request'; readonly id: number; readonly request: RemoteRequest<Requests> }
  | { readonly kind: 'cancel'; readonly id: number };

export type RemoteRequest<Requests extends RequestTable<Requests>> = {
  [M in keyof Requests]: { readonly method: M; readonly params: Requests[M]['params'] };
}[keyof Requests];

/** By method. */
export type RequestTable<Methods> = { [M in keyof Methods]: { readonly params: unknown; readonly result: unknown } };
