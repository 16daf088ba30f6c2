// The public surface of @ringpool/core: every export is named here, once.

export { RingpoolError, type RingpoolErrorDetails } from './errors.ts';
