// The words of the slot table: one for every operation a ring may have in flight.
//
// word = generation, with a bit on top when the slot is free or refused. The SQE of an operation carries its slot (low
// half of user_data) and generation (high half), and so does its CQE: the CQE is the slot's when the high half equals
// the word. The driver's side alone writes the table: it arms SQEs with free slots, and frees a slot once JavaScript has
// reaped its terminal CQE. At every moment the table tells which CQEs may still be owed.

/** The bits of a word that hold the generation; they wrap, so that user_data stays below 2^52: a safe integer. */
export const GENERATION_MASK = 0xf_ffff;
/** Set while the slot is neither armed nor in flight. */
export const SLOT_FREE_BIT: number = 1 << 30;
/** Set when the guard took the SQE's teeth out: the completion is reported as EFAULT. */
export const SLOT_REFUSED_BIT: number = 1 << 29;
