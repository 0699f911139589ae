package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/graph/model"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/page"
	"github.com/resourcepool/resourcepool/server/routing"
)

func args(first *int, after *string, last *int, before *string) page.Args {
	return page.Args{First: first, After: after, Last: last, Before: before}
}

// ref is for answers that generated code wants by address.
func ref[T any](v T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// user, resource, usageLog and transaction load a row through the answer's loaders; nil where there is none. Whether it
// may be seen is asked by who calls them.

func (r *Resolver) user(ctx context.Context, id ids.ID) (*ent.User, error) {
	if id == "" {
		return nil, nil
	}
	return r.from(ctx).users.load(ctx, id)
}

func (r *Resolver) resource(ctx context.Context, id ids.ID) (*ent.PoolResource, error) {
	if id == "" {
		return nil, nil
	}
	return r.from(ctx).resources.load(ctx, id)
}

func (r *Resolver) transaction(ctx context.Context, seq int64) (*ent.LedgerTransaction, error) {
	if seq <= 0 {
		return nil, nil
	}
	return r.from(ctx).transactions.load(ctx, seq)
}

// usageLog is a request that the asker made, or that one of their keys served.
func (r *Resolver) usageLog(ctx context.Context, id ids.ID) (*ent.UsageLog, error) {
	if id == "" {
		return nil, nil
	}
	u, err := r.from(ctx).usageLogs.load(ctx, id)
	if err != nil || u == nil || !r.maySeeUsage(ctx, u) {
		return nil, err
	}
	return u, nil
}

func (r *Resolver) maySeeUsage(ctx context.Context, u *ent.UsageLog) bool {
	return r.may(ctx, "PoolUsageLog", u.UserID) || r.may(ctx, "PoolUsageLog", u.OwnerID)
}

func (r *Resolver) wallet(ctx context.Context, user ids.ID) (*model.Wallet, error) {
	w, err := r.Ledger.Wallet(ctx, user)
	if err != nil {
		return nil, err
	}
	return &model.Wallet{ID: sibling(user, "wal"), Available: w.Available, Held: w.Held, Owed: w.Owed, Vesting: w.Vesting}, nil
}

// postings are those of a transaction that the asker may see: on their own accounts, and for admins all.
func (r *Resolver) postings(ctx context.Context, seq int64) ([]*model.Posting, error) {
	all, err := r.from(ctx).postings.load(ctx, seq)
	if err != nil {
		return nil, err
	}
	out := []*model.Posting{}
	for _, p := range all {
		owner, err := r.accountOwner(ctx, p.Account)
		if err != nil {
			return nil, err
		}
		if r.may(ctx, "Posting", owner) {
			out = append(out, &model.Posting{
				Account: string(p.Account), Asset: string(p.Asset()), Amount: money.Format(money.Credits(p.Amount)),
			})
		}
	}
	return out, nil
}

// proof is of a transaction that the asker may see; nil where no checkpoint covers it yet.
func (r *Resolver) proof(ctx context.Context, seq int64) (*model.LedgerProof, error) {
	receipt, err := r.Proofs.Receipt(ctx, actor(ctx), seq)
	if code := fault.CodeOf(err); code == fault.Conflict || code == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := receipt.Proof
	return &model.LedgerProof{Checkpoint: receipt.Checkpoint, Index: p.Index, Size: p.Size, Path: p.Path, Leaf: p.Leaf, Receipt: string(receipt.JSON())}, nil
}

// accountOwner is whose an account of the books is, "" for the platform's. A resource's is its owner's.
func (r *Resolver) accountOwner(ctx context.Context, a ledger.AccountID) (ids.ID, error) {
	if a.Hot() {
		return "", nil
	}
	owner := a.Owner()
	if owner.Kind() != ids.Resource {
		return owner, nil
	}
	res, err := r.resource(ctx, owner)
	if err != nil || res == nil {
		return "", err
	}
	return ownerOf(res), nil
}

// node finds what an id names; nil where there is nothing, or nothing that the asker may see: a stranger can't tell which.
func (r *Resolver) node(ctx context.Context, id ids.ID) (model.Node, error) {
	switch {
	case id.Kind() == ids.User:
		u, err := r.user(ctx, id)
		return found(u, err, u != nil && r.may(ctx, "User", u.ID))
	case id.Kind() == ids.Resource:
		res, err := r.resource(ctx, id)
		return found(res, err, res != nil && r.may(ctx, "PoolResource", ownerOf(res)))
	case id.Kind() == ids.Usage:
		u, err := r.usageLog(ctx, id)
		return found(u, err, u != nil)
	case id.Kind() == ids.Token:
		t, err := absent(r.Accounts.Token(ctx, id))
		return found(t, err, t != nil && r.may(ctx, "ApiToken", t.UserID))
	case strings.HasPrefix(string(id), transactionPrefix):
		t, err := r.transaction(ctx, transactionSeq(id))
		return found(t, err, t != nil && r.may(ctx, "LedgerTransaction", t.UserID))
	}
	return nil, nil
}

// found keeps a nil pointer from becoming a Node that is not nil.
func found[T any](v *T, err error, may bool) (model.Node, error) {
	if err != nil || !may {
		return nil, err
	}
	return v, nil
}

// must is for what is never null in the contract: a row that another row names.
func must[T any](v *T, err error) (*T, error) {
	if err == nil && v == nil {
		return nil, fmt.Errorf("graph: a %T that another row names is not there", v)
	}
	return v, err
}

// nodes finds several, in their order.
func (r *Resolver) nodes(ctx context.Context, list []ids.ID) ([]model.Node, error) {
	if len(list) > maxPage {
		return nil, fault.Invalid("ids", "ask for at most %d at once", maxPage)
	}
	out, errs := make([]model.Node, len(list)), make([]error, len(list))
	var all sync.WaitGroup
	for i, id := range list {
		all.Go(func() { out[i], errs[i] = r.node(ctx, id) })
	}
	all.Wait()
	return out, errors.Join(errs...)
}

// preview is a decision as admins see it before it is taken: unlike a stored one it names those that were left out.
func preview(d routing.Decision) *routing.Record {
	const most = 100
	out := d.Record()
	out.Candidates = d.Candidates[:min(len(d.Candidates), most)]
	return &out
}
