package pool

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/routing"
)

// row is a row whose values are known when it is made. Two of one key tell the same, so that the later one stands.
type row struct {
	table  *ledger.Table
	key    string
	values []any
}

func (r *row) Table() *ledger.Table              { return r.table }
func (r *row) Key() string                       { return r.key }
func (r *row) Values() []any                     { return r.values }
func (r *row) Merge(later ledger.Row) ledger.Row { return later }

// newResource is what a deposit or another key brings in.
type newResource struct {
	id            ids.ID
	owner         ids.ID // "" for the platform's
	provider      string
	baseURL       string
	label         string
	maskedKey     string
	fingerprint   []byte
	accountHash   []byte // nil where unknown
	models        []string
	quota         int64
	confirmed     bool
	backup        bool
	acceptedTerms *string
	expiresAt     *time.Time
	at            time.Time
}

// resourceRow is the guard that lets a key into the pool once. Guards are locked in the order of their keys: that of the
// fingerprints, over which two deposits can meet.
func resourceRow(n newResource) ledger.Row {
	var owner, account any
	if n.owner != "" {
		owner = string(n.owner)
	}
	if n.accountHash != nil {
		account = n.accountHash
	}
	models, _ := json.Marshal(n.models) // of strings: can't fail
	return &row{table: resourceTable, key: hex.EncodeToString(n.fingerprint) + ":" + string(n.id), values: []any{
		string(n.id), owner, n.provider, n.baseURL, n.label, n.maskedKey, n.fingerprint, account, string(models), n.quota,
		n.confirmed, n.backup, n.acceptedTerms, n.expiresAt, n.at,
	}}
}

// secretRow is the encrypted key, which goes in with its resource.
func secretRow(resource ids.ID, keyID string, wrapped, ciphertext []byte, at time.Time) ledger.Row {
	return &row{table: secretTable, key: string(resource), values: []any{string(resource), keyID, wrapped, ciphertext, at}}
}

// contributorRow gives a user the role that the first deposit brings.
func contributorRow(user ids.ID) ledger.Row {
	return &row{table: contributorTable, key: string(user), values: []any{string(user)}}
}

// withdrawnRow ends the life of a resource.
func withdrawnRow(resource ids.ID, at time.Time) ledger.Row {
	return &row{table: withdrawnTable, key: string(resource), values: []any{string(resource), at}}
}

// DepletedRow marks a resource on which nothing is left: who settles records it where Outcome.Resource.Balance is 0.
func DepletedRow(resource ids.ID) ledger.Row {
	return &row{table: depletedTable, key: string(resource), values: []any{string(resource)}}
}

// AuditRow is an audit event that stands or falls with an operation, with where it came from as the context knows it.
func AuditRow(ctx context.Context, e journal.Event) ledger.Row {
	values, err := e.Values(ctx)
	if err != nil {
		panic("pool: " + err.Error()) // details are written by us, of strings and numbers
	}
	return &row{table: auditTable, key: string(e.ID), values: values}
}

// ChangeRow wakes the views of ref on every server when an operation commits.
func ChangeRow(kind, ref string) ledger.Row {
	return &row{table: changeTable, key: kind + ":" + ref, values: []any{kind, ref}}
}

// AlertRow raises an alert with an operation. Where one of its kind and subject is open, that one stands.
func AlertRow(n journal.Notice) ledger.Row {
	return &row{table: alertTable, key: n.Kind + ":" + n.Subject, values: []any{string(n.ID), n.At, n.Kind, n.Subject, n.Message}}
}

// HealthRow writes what a request taught about a key. Several of one batch become one update.
func HealthRow(resource ids.ID, d routing.Delta) ledger.Row { return &healthRow{resource, d} }

// RestRow writes a rest for all servers, in the place of an earlier one of its subject and model. Beside it goes
// ChangeRow(journal.Rest, r.Subject): a request that failed books nothing, which alone would tell nobody.
func RestRow(r Rest) ledger.Row { return restRow{r} }

type restRow struct{ Rest }

func (r restRow) Table() *ledger.Table { return restTable }
func (r restRow) Key() string          { return r.Subject + "\x00" + r.Model }
func (r restRow) Values() []any {
	return []any{r.Subject, r.Model, string(r.Why), r.Until, r.Failures}
}

// Merge keeps the longer rest, unless the later row ends it: as the table does.
func (r restRow) Merge(later ledger.Row) ledger.Row {
	l, ok := later.(restRow)
	if !ok {
		panic("pool: a row of another table can't be merged into a rest")
	}
	if l.Until.Before(r.Until) && (l.Failures > 0 || l.Why != r.Why) {
		return r
	}
	return l
}

type healthRow struct {
	resource ids.ID
	delta    routing.Delta
}

func (r *healthRow) Table() *ledger.Table { return healthTable }
func (r *healthRow) Key() string          { return string(r.resource) }

func (r *healthRow) Merge(later ledger.Row) ledger.Row {
	l, ok := later.(*healthRow)
	if !ok {
		panic("pool: a row of another table can't be merged into a key's health")
	}
	return &healthRow{r.resource, r.delta.Then(l.delta)}
}

func (r *healthRow) Values() []any {
	d := r.delta
	v := []any{string(r.resource), d.Requests, d.Successes}
	for _, a := range []routing.Average{d.Latency, d.TokenLatency, d.Success} {
		keep, add, first := a.Terms()
		v = append(v, keep, add, first)
	}
	return append(v, d.FailuresReset, d.Failures, d.LastFailureAt, d.LastUsedAt, d.CoolingUntil)
}
