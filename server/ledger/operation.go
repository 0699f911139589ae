package ledger

import (
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// Kind is what a transaction books.
type Kind string

// The kinds of transactions.
const (
	KindDeposit          Kind = "DEPOSIT"
	KindVest             Kind = "VEST"
	KindWithdrawal       Kind = "WITHDRAWAL"
	KindClawback         Kind = "CLAWBACK"
	KindGrant            Kind = "GRANT"
	KindUsage            Kind = "USAGE"
	KindRefund           Kind = "REFUND"
	KindMarketPurchase   Kind = "MARKET_PURCHASE"
	KindMarketSettlement Kind = "MARKET_SETTLEMENT"
	KindMarketRefund     Kind = "MARKET_REFUND"
	KindAdjustment       Kind = "ADJUSTMENT"
)

// Operation is one of the movements and reservations below. It is decided as a whole: booked, or refused with an error
// and nothing moved.
type Operation interface {
	// holdID is the hold that the operation resolves or moves, "" for none.
	holdID() ids.ID
	// touch names what the operation reads or moves, so that the batch can lock it.
	touch(t *touched)
	// apply decides the operation on the state of the batch.
	apply(s *scope) error
}

// Reserve is a key that a request may run on, and what the request can cost there at most.
type Reserve struct {
	Resource ids.ID
	Owner    ids.ID // "" for the platform's
	// USD returns the most that the request can cost with an output cap of so many tokens. It must be pure and must
	// not fall when the cap rises.
	USD func(outputCap int64) (money.USD, error)
}

// Hold reserves what a request can cost at most, on the consumer's wallet, on the token's budget and on the first of the
// candidates that has the quota.
//
// It is refused with ErrInsufficientCredits (details: owed where a debt is the cause, limit = "token" where a budget is),
// then with ErrNoQuota where no candidate can serve. A frozen wallet is refused with ErrFrozen, a frozen key is passed over;
// holds taken before are resolved on both as on any.
type Hold struct {
	ID         ids.ID
	User       ids.ID
	Token      ids.ID // "" where signed in otherwise
	OutputCap  int64  // tokens, > 0
	Elastic    bool   // the cap may be lowered to what the funds and the quota afford, down to 1
	Credits    func(outputCap int64) (money.Credits, error)
	Candidates []Reserve // in the order of preference
	TTL        time.Duration

	key string // that the operation which resolves the hold answers or frees; the writer sets it
}

// Move takes the USD part of a hold to the first of the candidates that has the quota. ErrNoQuota leaves the hold as it
// was, ErrHoldGone says that somebody resolved it.
type Move struct {
	Hold       ids.ID
	OutputCap  int64
	Candidates []Reserve
}

// Settle resolves a hold with what the request cost. What the charge or the cost exceeds the hold by comes from what is
// available, and beyond that the platform bears it. Where the hold is gone (this server was taken for dead), the cost is
// booked, nothing is charged, and the outcome is Late.
type Settle struct {
	Hold   ids.ID
	Charge money.Credits
	Cost   money.USD
	Usage  *Usage // required; its amounts and sequence are filled in as booked
}

// Release resolves a hold without a movement. It is ErrHoldGone where somebody resolved the hold before.
type Release struct {
	Hold  ids.ID
	Usage *Usage // the failed request; nil where a sweeper releases
}

// Deposit books a key's quota and credits its owner: at once up to the trust limit where the quota is only declared, the
// rest vests. The platform's own keys (Owner "") credit nobody.
type Deposit struct {
	Resource   ids.ID
	Owner      ids.ID
	Actor      ids.ID
	Quota      money.USD     // > 0
	Fee        money.Credits // 0 ≤ fee ≤ quota
	Confirmed  bool          // the provider itself reported a balance that covers it
	TrustLimit money.Credits
	Memo       string
}

// Vest releases what use has proven since: at most the Credits still promised for the key. ErrNothing where it is 0.
type Vest struct {
	Resource ids.ID
	Owner    ids.ID
}

// Withdraw takes back what is left on a key. What is not held is booked at once; what holds give back is booked with the
// batches that resolve them. The Credits booked for it are debited, vesting first, and its share of the fee is undone. It
// is refused with ErrInsufficientCredits where they are spent and ErrClosing where it was withdrawn before.
type Withdraw struct {
	Resource ids.ID
	Owner    ids.ID // "" for the platform's
	Actor    ids.ID
	Memo     string
}

// Clawback takes back what is left on a key that is over or that its owner let die, and is not held; what holds give back
// is for the next one. The Credits booked for it are debited, vesting first, then what is available; the rest becomes a
// debt. Its share of the fee is undone. ErrNothing where nothing is left, or the key was withdrawn before.
type Clawback struct {
	Resource ids.ID
	Owner    ids.ID // "" for the platform's
	Memo     string
}

// Grant credits a user by an admin's word.
type Grant struct {
	User   ids.ID
	Actor  ids.ID
	Amount money.Credits // > 0
	Memo   string
}

// Key makes an operation one that a caller may repeat: the same name with the same input hash is done once.
type Key struct {
	Name      string // scope, principal and the caller's own key
	InputHash []byte
}

// Request is what a caller hands to Do.
type Request struct {
	Op Operation
	// Caller is who the queue is fair to: a user or a token.
	Caller string
	// Key is claimed before anything else is decided. An operation that resolves (all but Hold and Move) finishes it in
	// the same batch with Answer; a Hold leaves it pending, to be finished by the operation that resolves the hold.
	Key *Key
	// Answer is recorded under the operation key, by which a repetition is answered. A Release without one frees the key.
	Answer []byte
	// Guards are rows that must go in, or the operation is refused with ErrGuard before it is decided.
	Guards []Row
	// Records are rows that are written where the operation was booked. It must be pure; nil is none.
	Records func(Outcome) []Row
}

// Balance is an account after an operation.
type Balance struct {
	Balance int64
	Held    int64
}

// Available is what can be moved or held.
func (b Balance) Available() int64 { return b.Balance - b.Held }

// Outcome is what an operation did.
type Outcome struct {
	Seq       int64 // of the transaction that the operation booked, 0 where none
	At        time.Time
	Chosen    int           // Hold, Move: the index of the candidate
	OutputCap int64         // Hold: the cap that was held for
	Charged   money.Credits // Settle: what the wallet paid
	Late      bool          // Settle: the hold was gone
	Credited  money.Credits // Deposit, Vest, Grant: what became available; Withdraw, Clawback: negative, what is owed for it included
	Fee       money.Credits // Deposit; Withdraw, Clawback: negative
	Vesting   money.Credits // Deposit; Withdraw, Clawback: negative
	Taken     money.USD     // Withdraw, Clawback: what was booked at once
	Usage     *UsageRow     // Settle, Release: the log of the request as booked
	Wallet    Balance
	Resource  Balance
	// Replayed says that the operation key was used before with the same input: nothing was done, Answer is what was recorded.
	Replayed bool
	Answer   []byte
}
