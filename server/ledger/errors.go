package ledger

import (
	"errors"

	"github.com/resourcepool/resourcepool/server/fault"
)

// What an operation is refused with. The faults may be shown to a client as they are.
var (
	ErrInsufficientCredits = fault.New(fault.InsufficientCredits, "the available Credits do not cover this")
	ErrNoQuota             = fault.New(fault.NoResourceAvailable, "no key can serve this request now")
	ErrFrozen              = fault.New(fault.Conflict, "the account is frozen until an open check is resolved")
	ErrOverloaded          = fault.New(fault.Overloaded, "the server is busy: nothing was done, try again").With("retryAfterSeconds", int64(2)) // what a full queue takes
	ErrIdempotency         = fault.New(fault.IdempotencyConflict, "this idempotency key was used before with another input")
	ErrClosing             = fault.New(fault.Conflict, "this key was withdrawn before")

	// ErrPending says that the operation under this key is still running.
	ErrPending = errors.New("ledger: an operation with this key is running")
	// ErrHoldGone says that the hold was resolved by somebody else.
	ErrHoldGone = errors.New("ledger: the hold is resolved")
	// ErrNothing says that there is nothing to move.
	ErrNothing = errors.New("ledger: nothing to move")
	// ErrClosed says that the writer has stopped.
	ErrClosed = errors.New("ledger: the writer is closed")
)

// GuardError says that a guard row did not go in: something with that identity is there.
type GuardError struct{ Table string }

func (e *GuardError) Error() string { return "ledger: a row of " + e.Table + " is there already" }
