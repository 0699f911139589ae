package account

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/origin"
)

const (
	ceremonyFor = 5 * time.Minute // what was begun has to be answered by then
	// How many one address may begin, at once and from then on.
	ceremoniesAtOnce = 60
	ceremonyEvery    = 5 * time.Second
)

var (
	errNoCeremony = fault.Invalid("input.ceremonyId", "this was not begun, was answered before or is too old: begin again")
)

// ceremonyKind is what was begun with a browser.
type ceremonyKind string

const (
	addingPasskey ceremonyKind = "PASSKEY_ADD"
	usingPasskey  ceremonyKind = "PASSKEY_USE"
	signingOn     ceremonyKind = "OIDC"
	linking       ceremonyKind = "OIDC_LINK"
)

// newCeremony is a row of ceremonies.
type newCeremony struct {
	id      ids.ID
	kind    ceremonyKind
	user    ids.ID // whose it is, "" where nobody is signed in
	data    []byte // sealed
	expires time.Time
}

// begin keeps what only the answer may meet again. Anybody may begin one, so each address has its share.
func (s *Service) begin(ctx context.Context, kind ceremonyKind, user ids.ID, data any) (ids.ID, time.Time, error) {
	if err := limit.Refusal(s.begun.Take(limit.Network(origin.From(ctx).IP))); err != nil {
		return "", time.Time{}, err
	}
	plain, err := json.Marshal(data)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("account: keep a ceremony: %w", err)
	}
	c := newCeremony{id: s.ids.New(ids.Ceremony), kind: kind, user: user, expires: s.clock.Now().Add(ceremonyFor)}
	if c.data, err = s.keys.SealBlob(ceremonyPurpose(kind, c.id), plain); err != nil {
		return "", time.Time{}, err
	}
	return c.id, c.expires, s.store.insertCeremony(ctx, c)
}

// finish ends a ceremony of the kind that the user began, whatever comes of it, and reads what was kept. It returns
// errNoCeremony where there is none.
func (s *Service) finish(ctx context.Context, kind ceremonyKind, id, user ids.ID, data any) error {
	if !wellFormed(id, ids.Ceremony) {
		return errNoCeremony
	}
	sealed, expires, err := s.store.takeCeremony(ctx, kind, id, user)
	if err != nil {
		return err
	}
	if sealed == nil || !s.clock.Now().Before(expires) {
		return errNoCeremony
	}
	plain, err := s.keys.OpenBlob(ceremonyPurpose(kind, id), sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(plain, data); err != nil {
		return fmt.Errorf("account: read a ceremony: %w", err)
	}
	return nil
}

// ceremonyPurpose binds what is sealed to its row.
func ceremonyPurpose(kind ceremonyKind, id ids.ID) string {
	return "ceremony " + string(kind) + " " + string(id)
}
