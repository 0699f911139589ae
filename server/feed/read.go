package feed

import (
	"context"
	"errors"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

// read tells everything that is new, in the ledger and in the changes after `at`, and returns where the changes stand.
//
// What was booked after a change is told after it: who lost a right does not see what came later. So the changes are read
// between the head and what is booked up to it. Where they can't be read, the ledger is.
func (h *Hub) read(ctx context.Context, at changeID) (changeID, error) {
	head, err := h.store.head(ctx)
	if err != nil {
		return at, err
	}
	at, err = h.readChanges(ctx, at)
	return at, errors.Join(err, h.readLedger(ctx, head))
}

// demand is what the listeners of the moment need read.
type demand struct {
	events bool // all of every transaction
	moved  bool // the accounts that moved
}

func (h *Hub) demand() demand {
	h.mu.Lock()
	defer h.mu.Unlock()
	return demand{
		events: h.readers > 0 || len(h.onEvents) > 0,
		moved:  len(h.wallets) > 0 || len(h.resources) > 0 || len(h.onMoved) > 0,
	}
}

// readLedger reads up to a head of the ledger, no more of it than somebody needs.
//
// The demand is asked after that head was read: who comes later sees everything up to that head in what he reads himself.
func (h *Hub) readLedger(ctx context.Context, head int64) error {
	for from := h.tail.position(); from < head; from = h.tail.position() {
		want := h.demand()
		to := min(head, from+pageSize)
		if !want.events && !want.moved {
			h.tail.skip(head)
			return nil
		}
		if !want.events {
			accounts, err := h.store.moved(ctx, from, to)
			if err != nil {
				return err
			}
			if err := h.tellMoved(ctx, accounts); err != nil {
				return err
			}
			h.tail.skip(to)
			continue
		}
		events, err := h.store.events(ctx, from, to, pageSize)
		if err != nil {
			return err
		}
		if err := h.tellMoved(ctx, accountsOf(events)); err != nil {
			return err
		}
		for _, f := range h.onEvents {
			f(events)
		}
		h.tail.add(events)
		h.tail.skip(to) // where transactions are missing from the books, which the checks report, the feed goes on
	}
	return nil
}

func accountsOf(events []Event) []ledger.AccountID {
	var out []ledger.AccountID
	seen := map[ledger.AccountID]bool{}
	for _, e := range events {
		for _, p := range e.Postings {
			if !p.Account.Hot() && !seen[p.Account] {
				seen[p.Account] = true
				out = append(out, p.Account)
			}
		}
	}
	return out
}

// tellMoved marks the watches of the accounts' owners. Telling twice, after an error, does no harm.
func (h *Hub) tellMoved(ctx context.Context, accounts []ledger.AccountID) error {
	var people, resources []ids.ID
	for _, a := range accounts {
		switch owner := a.Owner(); owner.Kind() {
		case ids.User:
			people = append(people, owner)
		case ids.Resource:
			resources = append(resources, owner)
		}
	}
	if err := h.tellResources(ctx, resources); err != nil {
		return err
	}
	h.mu.Lock()
	for _, p := range people {
		for w := range h.wallets[p] {
			w.mark(struct{}{})
		}
	}
	h.mu.Unlock()
	if len(accounts) > 0 {
		for _, f := range h.onMoved {
			f(accounts)
		}
	}
	return nil
}

// tellResources marks the watches of everything and those of the resources' owners.
func (h *Hub) tellResources(ctx context.Context, resources []ids.ID) error {
	h.mu.Lock()
	watched := len(h.resources) > 0
	h.mu.Unlock()
	if !watched || len(resources) == 0 {
		return nil
	}
	var unknown []ids.ID
	for _, r := range resources {
		if _, ok := h.owners[r]; !ok {
			unknown = append(unknown, r)
		}
	}
	if len(unknown) > 0 {
		found, err := h.store.owners(ctx, unknown)
		if err != nil {
			return err
		}
		for r, owner := range found {
			h.owners[r] = owner
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range resources {
		for w := range h.resources[""] {
			w.mark(r)
		}
		if owner := h.owners[r]; owner != "" {
			for w := range h.resources[owner] {
				w.mark(r)
			}
		}
	}
	return nil
}

// readChanges tells the changes after `at`. Those of transactions that may still have unfinished elders are told too, and
// remembered, but `at` stays below them: an elder that commits later is found there.
func (h *Hub) readChanges(ctx context.Context, at changeID) (changeID, error) {
	changes, err := h.store.changes(ctx, at)
	if err != nil {
		return at, err
	}
	var resources []ids.ID
	for _, c := range changes {
		if id := ids.ID(c.Ref); (c.Kind == Resource || c.Kind == Rest && id.Kind() == ids.Resource) && !h.unsettled[c.changeID] {
			resources = append(resources, id)
		}
	}
	if err := h.tellResources(ctx, resources); err != nil {
		return at, err
	}
	for _, c := range changes {
		if !h.unsettled[c.changeID] {
			h.tell(c.Kind, c.Ref)
		}
		if c.Settled {
			at = c.changeID // they come in order, so the settled ones come first
			delete(h.unsettled, c.changeID)
		} else {
			h.unsettled[c.changeID] = true
		}
	}
	return at, nil
}
