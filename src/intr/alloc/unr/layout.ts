/**
 * Structures of sys/kern/subr_unit.c and sys/sys/_unrhdr.h on amd64: offsets in bytes, by their declarations.
 *
 * A space of unit numbers is a count of used ones at the start (`first`), a list, and a count of free ones at the end
 * (`last`). What is between is said by the elements of the list, in order: a run of free numbers (`ptr` is null), a run
 * of used ones (`ptr` is the header), or a bitmap of both, of the size of an element.
 */

/** struct unrhdr: the head of the list at 0, the head of the list of what is to be freed. */
export const UNRHDR = { head: 0, busy: 24, alloc: 28, first: 32, last: 36, ppfree: 40, bytes: 64 } as const;

/** struct unr: the links of a TAILQ at 0. */
export const UNR = { len: 16, ptr: 24, bytes: 32 } as const;

/** NBITS: numbers that a bitmap of the size of an element can hold. */
export const NBITS = 8 * UNR.bytes;
