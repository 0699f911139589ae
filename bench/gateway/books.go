package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/money"
)

// books is what was compared at the end.
type books struct {
	Bare     int64  `json:"bare_requests"`
	Pooled   int64  `json:"pooled_requests"`
	Logs     int64  `json:"usage_logs"`
	Charged  string `json:"credits_charged"`
	Verified string `json:"verify_ledger"` // what the program says
}

// served is how many calls the upstream has answered and charged.
func (w *world) served(ctx context.Context) (int64, error) {
	raw, err := get(ctx, "http://"+w.upstreamAt+"/sandbox/totals")
	if err != nil {
		return 0, err
	}
	var totals struct {
		Served int64 `json:"served"`
	}
	return totals.Served, json.Unmarshal(raw, &totals)
}

// compare stops the program and holds its books against what was asked and answered here, and against the upstream.
func (w *world) compare(ctx context.Context) (b books, err error) {
	served, err := w.served(ctx)
	if err != nil {
		return b, err
	}
	if err := w.pool.stop(); err != nil {
		return b, err
	}
	db, err := database.Open(w.cluster.URL(), 1)
	if err != nil {
		return b, err
	}
	defer func() { _ = db.Close() }()
	var charged money.Credits
	var failed int64
	if err := db.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE status <> 'SUCCEEDED'), coalesce(sum(credits_charged), 0)::bigint FROM usage_logs`).
		Scan(&b.Logs, &failed, &charged); err != nil {
		return b, err
	}
	b.Bare, b.Pooled, b.Charged = w.bare, w.pooled, money.Format(charged)
	switch {
	case b.Logs != w.pooled || failed > 0:
		return b, fmt.Errorf("%d usage logs, %d of them failed, for %d requests that were answered", b.Logs, failed, w.pooled)
	case charged != w.charged:
		return b, fmt.Errorf("%s Credits in the usage logs, %s in the answers", b.Charged, money.Format(w.charged))
	case served-w.calls != w.bare+w.pooled:
		return b, fmt.Errorf("the upstream answered %d calls for %d requests", served-w.calls, w.bare+w.pooled)
	}
	verify := command(ctx, w.binary, "verify-ledger")
	verify.Env = w.env
	out, err := verify.Output()
	b.Verified = string(out)
	return b, err
}
