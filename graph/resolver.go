package graph

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

// Resolver is the root of all resolvers: the services that they call. None may be missing.
type Resolver struct {
	Policy        policy
	Accounts      accounts
	Profiles      profiles
	Pool          pools
	Reports       reports
	Audit         audits
	Prices        prices
	SettingsStore settings
	Ledger        books
	Proofs        proofs
	Gateway       completions
	Feed          feeds
	// SignOnAddress is where a browser begins to sign in elsewhere, or to link an identity.
	SignOnAddress func(link ids.ID) string
}

// may reports whether the asker may see what the object names of something of owner's. What they may not see is null.
func (r *Resolver) may(ctx context.Context, object string, owner ids.ID) bool {
	return r.Policy.Can(actor(ctx), "read", object, owner)
}

// mustMay is may for what can't be null.
func (r *Resolver) mustMay(ctx context.Context, object string, owner ids.ID) error {
	return r.Policy.Check(actor(ctx), "read", object, owner)
}

// shown is v where it may be seen and null where not.
func shown[T any](may bool, v T) *T {
	if !may {
		return nil
	}
	return &v
}

// nonEmpty is null for what is stored as an empty text.
func nonEmpty[T ~string](v T) *string {
	s := string(v)
	return shown(s != "", s)
}

// nonZero is null for a limit that is stored as 0: none.
func nonZero(limit int64) *int { return shown(limit != 0, int(limit)) }

// orNone is nonZero the other way round.
func orNone(n *int) int64 {
	if n == nil {
		return 0
	}
	return int64(*n)
}

// pointers returns the addresses of a list's elements, which is what generated code takes.
func pointers[T any](list []T) []*T {
	out := make([]*T, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

// ownerOf is a resource's owner, "" for the platform's.
func ownerOf(r *ent.PoolResource) ids.ID {
	if r.OwnerID == nil {
		return ""
	}
	return *r.OwnerID
}

const transactionPrefix = "txn_"

// transactionID is the id of the transaction seq.
func transactionID(seq int64) ids.ID { return ids.ID(transactionPrefix + strconv.FormatInt(seq, 10)) }

// transactionSeq reads an id as transactionID writes it; 0 is none.
func transactionSeq(id ids.ID) int64 {
	seq, err := strconv.ParseInt(strings.TrimPrefix(string(id), transactionPrefix), 10, 64)
	if err != nil || transactionID(seq) != id {
		return 0
	}
	return seq
}

func digest(b []byte) string { return hex.EncodeToString(b) }

// absent turns a NOT_FOUND into nothing, for what is null where it is not there.
func absent[T any](v *T, err error) (*T, error) {
	if fault.CodeOf(err) == fault.NotFound {
		return nil, nil
	}
	return v, err
}

// sibling is the id of what a person has one of: clients that keep records by id alone must not take it for the person. Of
// such an id it is, with the kind of people, the person's.
func sibling(id ids.ID, kind string) ids.ID {
	_, rest, _ := strings.Cut(string(id), "_")
	return ids.ID(kind + "_" + rest)
}
