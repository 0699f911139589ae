package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

// loaders are those of one answer: of a query, or of one event of a subscription.
type loaders struct {
	users        *loader[ids.ID, *ent.User]
	resources    *loader[ids.ID, *ent.PoolResource]
	usageLogs    *loader[ids.ID, *ent.UsageLog]
	transactions *loader[int64, *ent.LedgerTransaction]
	postings     *loader[int64, []ledger.Posting]
	quotas       *loader[ids.ID, ledger.Balance]
	budgets      *loader[ids.ID, ledger.Budget]
	remaining    *loader[ids.ID, money.USD]
}

type loadersKey struct{}

func (r *Resolver) newLoaders() *loaders {
	return &loaders{
		users:        newLoader(many(r.Accounts.UsersByID)),
		resources:    newLoader(many(r.Reports.ResourcesByID)),
		usageLogs:    newLoader(many(r.Reports.UsageLogsByID)),
		transactions: newLoader(many(r.Ledger.TransactionsBySeq)),
		postings:     newLoader(many(r.Ledger.Postings)),
		quotas:       newLoader(many(r.Ledger.Quotas)),
		budgets:      newLoader(many(r.Ledger.Budgets)),
		remaining:    newLoader(many(r.Reports.Remaining)),
	}
}

// withLoaders gives every answer its own loaders.
func (r *Resolver) withLoaders(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	return next(context.WithValue(ctx, loadersKey{}, r.newLoaders()))
}

func (r *Resolver) from(ctx context.Context) *loaders {
	if l, ok := ctx.Value(loadersKey{}).(*loaders); ok {
		return l
	}
	return r.newLoaders()
}

// many makes a loader's query of a service that takes any number of keys.
func many[K comparable, V any](get func(context.Context, ...K) (map[K]V, error)) func(context.Context, []K) (map[K]V, error) {
	return func(ctx context.Context, keys []K) (map[K]V, error) { return get(ctx, keys...) }
}
