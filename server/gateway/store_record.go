package gateway

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

// decisionTable keeps why a request went to its key.
var decisionTable = &ledger.Table{
	Name: "routing_decisions", Rank: 50,
	SQL:   `INSERT INTO routing_decisions (usage_id, decision) SELECT * FROM unnest($1::text[], $2::jsonb[])`,
	Types: []string{"text", "jsonb"},
}

type decisionRow struct {
	usage ids.ID
	text  json.RawMessage
}

func (r decisionRow) Table() *ledger.Table              { return decisionTable }
func (r decisionRow) Key() string                       { return string(r.usage) }
func (r decisionRow) Values() []any                     { return []any{string(r.usage), string(r.text)} }
func (r decisionRow) Merge(later ledger.Row) ledger.Row { return later }

// charged returns what was paid for a request.
func (g *Gateway) charged(ctx context.Context, usage ids.ID) (money.Credits, error) {
	row, err := g.ent.UsageLog.Get(ctx, usage)
	if err != nil {
		return 0, fmt.Errorf("gateway: read what was charged for %s: %w", usage, err)
	}
	return row.CreditsCharged, nil
}
