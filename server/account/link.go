package account

import (
	"context"
	"crypto/sha256"
	"net/url"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/emaillink"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

// How long a link is good for, by what it does.
var linkFor = map[emaillink.Purpose]time.Duration{
	emaillink.PurposeVERIFY: 3 * 24 * time.Hour,
	emaillink.PurposeCHANGE: 24 * time.Hour,
	emaillink.PurposeRESET:  time.Hour,
}

// Where the app takes what a link holds.
var linkPaths = map[emaillink.Purpose]string{
	emaillink.PurposeVERIFY: "/verify-email",
	emaillink.PurposeCHANGE: "/verify-email",
	emaillink.PurposeRESET:  "/reset-password",
}

var errBadLink = fault.Invalid("token", "this link is not valid, or not any more: ask for a new one")

// newLink is a link that is sent to an address; its secret is in the mail alone.
type newLink struct {
	id, user    ids.ID
	purpose     emaillink.Purpose
	email       string
	hash        [sha256.Size]byte
	at, expires time.Time
}

// newLink returns a link and where it leads.
func (s *Service) newLink(user ids.ID, purpose emaillink.Purpose, email string) (newLink, string, error) {
	secret, err := newSessionSecret(s.random)
	if err != nil {
		return newLink{}, "", err
	}
	now := s.clock.Now()
	l := newLink{
		id: s.ids.New(ids.EmailLink), user: user, purpose: purpose, email: email, hash: hashSecret(secret), at: now, expires: now.Add(linkFor[purpose]),
	}
	to := *s.publicURL
	to.Path, to.RawQuery = linkPaths[purpose], url.Values{"token": {secret}}.Encode()
	return l, to.String(), nil
}

// sendLink writes a link, in place of those for the same purpose that were sent before, and the mail that carries it.
func (s *Service) sendLink(ctx context.Context, tx *ent.Client, user ids.ID, purpose emaillink.Purpose, email string) error {
	link, address, err := s.newLink(user, purpose, email)
	if err != nil {
		return err
	}
	if err := link.insert(ctx, tx); err != nil {
		return err
	}
	return s.mail.Put(ctx, tx, linkMail(purpose, email, address))
}

// openLink returns what a link that can still be used was for.
func (s *Service) openLink(ctx context.Context, secret string, purposes ...emaillink.Purpose) (*ent.EmailLink, error) {
	if len(secret) != sessionLen {
		return nil, errBadLink
	}
	hash := hashSecret(secret)
	l, err := s.store.link(ctx, hash[:], s.clock.Now(), purposes...)
	if err == nil && l == nil {
		err = errBadLink
	}
	return l, err
}
