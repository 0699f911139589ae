package model

import (
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// Wallet is a user's; its id is theirs.
type Wallet struct {
	ID        ids.ID
	Available money.Credits
	Held      money.Credits
	Owed      money.Credits
	Vesting   money.Credits
}

// WalletEntry is a line of the statement.
type WalletEntry struct {
	ID           ids.ID
	CreatedAt    time.Time
	Kind         string
	Amount       money.Credits
	BalanceAfter money.Credits
	Memo         string
	Seq          int64
}

// Posting is an entry of a transaction. Amount is written like Credits and USD.
type Posting struct {
	Account string
	Asset   string
	Amount  string
}

type LedgerAudit struct {
	Transactions  int64
	HeadSeq       int64
	HeadHash      string
	ChainValid    bool
	Balanced      bool
	BalancesMatch bool
	FirstBadSeq   *int64
	CheckedAt     time.Time
}

type LedgerTransactionFilter struct {
	Kind       []string
	From       *time.Time
	To         *time.Time
	UserID     *ids.ID
	ResourceID *ids.ID
}

// TransactionEvent is a booked transaction on the feed.
type TransactionEvent struct {
	Cursor string
	Seq    int64
}
