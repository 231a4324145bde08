/** What pipelines write as `t`: types of values, and the state that operators keep of them. */
export * from '../types/t.ts';
export * as state from './state.ts';
export { ttl } from './state.ts';
