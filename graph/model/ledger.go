package model

import (
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// Wallet is a user's.
type Wallet struct {
	ID        ids.ID
	Available money.Credits
	Held      money.Credits
	Owed      money.Credits
	Vesting   money.Credits
}

// Posting is an entry of a transaction. Amount is written like Credits and USD.
type Posting struct {
	Account string
	Asset   string
	Amount  string
}

// LedgerProof proves that a transaction is in the ledger.
type LedgerProof struct {
	Checkpoint string
	Index      int64
	Size       int64
	Path       []string
	Leaf       string
	Receipt    string
}
