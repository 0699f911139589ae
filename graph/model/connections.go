//nolint:revive // gqlgen finds these by their names, which say all there is to say
package model

import (
	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/audit"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/page"
)

// The contract's connections are pages of the domains.
type (
	UserConnection              = page.Connection[*ent.User]
	UserEdge                    = page.Edge[*ent.User]
	PoolResourceConnection      = page.Connection[*ent.PoolResource]
	PoolResourceEdge            = page.Edge[*ent.PoolResource]
	PoolLedgerConnection        = page.Connection[*ent.PoolLedger]
	PoolLedgerEdge              = page.Edge[*ent.PoolLedger]
	PoolUsageLogConnection      = page.Connection[*ent.UsageLog]
	PoolUsageLogEdge            = page.Edge[*ent.UsageLog]
	KeyAccessConnection         = page.Connection[*ent.KeyAccess]
	KeyAccessEdge               = page.Edge[*ent.KeyAccess]
	LedgerTransactionConnection = page.Connection[*ent.LedgerTransaction]
	LedgerTransactionEdge       = page.Edge[*ent.LedgerTransaction]
	WalletEntryConnection       = page.Connection[ledger.WalletEntry]
	WalletEntryEdge             = page.Edge[ledger.WalletEntry]
	AuditEventConnection        = page.Connection[audit.Event]
	AuditEventEdge              = page.Edge[audit.Event]
)
