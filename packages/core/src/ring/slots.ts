// The words of the slot table: one for every operation a ring may have in flight.
//
// word = generation << 2 | state. The SQE of an operation carries its slot (low half of user_data) and generation (high
// half), and so does its CQE; a CQE whose generation is not the slot's answers nobody. JavaScript takes and frees slots,
// the native side marks them in flight as it submits: at every moment the table tells which CQEs are still owed.

/** No CQE is owed. */
export const SLOT_FREE = 0;
/** Submitted, and the terminal CQE has not been reaped. */
export const SLOT_IN_FLIGHT = 1;
/** Submitted, but the guard took its teeth out: the completion is reported as EFAULT. */
export const SLOT_REFUSED = 3;
/** The bits of a word that hold the state. */
export const SLOT_STATE_MASK = 3;
/** Generations wrap at 2^20, so that user_data stays below 2^52: a safe integer. */
export const GENERATION_MASK = 0xf_ffff;
/** Bit 31 of user_data's high half: a CQE that answers no slot of this ring (a message, a tag). */
export const FOREIGN_HIGH_BIT = 0x8000_0000;
