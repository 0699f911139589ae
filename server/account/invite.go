package account

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
)

var errNoInvite = fault.New(fault.Forbidden, "sign-up is by invitation: this e-mail needs a valid code").In("input.invite")

const (
	inviteFor = 7 * 24 * time.Hour
	maxInvite = 90 * 24 * time.Hour
)

// Invitation is a code that was given out, and where the app takes it.
type Invitation struct {
	Email, Code, URL string
	ExpiresAt        time.Time
}

// CreateInvite invites an e-mail to make its account, for a week where no end is given. The code is sent there where mails
// are sent. It returns a BAD_USER_INPUT that names the argument, or CONFLICT for an e-mail that has an account.
func (s *Service) CreateInvite(ctx context.Context, actor *access.Actor, address string, until *time.Time) (*Invitation, error) {
	email, err := parseEmail("email", address)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	in := &Invitation{Email: email, ExpiresAt: now.Add(inviteFor)}
	if until != nil {
		if in.ExpiresAt = until.UTC(); !in.ExpiresAt.After(now) || in.ExpiresAt.After(now.Add(maxInvite)) {
			return nil, fault.Invalid("expiresAt", "an invitation ends within 90 days")
		}
	}
	known, err := s.store.userByEmail(ctx, email)
	if err != nil {
		return nil, err
	}
	if known != nil {
		return nil, errKnownEmail
	}
	if in.Code, err = s.NewInvite(email, in.ExpiresAt); err != nil {
		return nil, err
	}
	to := *s.publicURL
	to.Path, to.RawQuery = "/sign-up", url.Values{"email": {email}, "invite": {in.Code}}.Encode()
	in.URL = to.String()
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		if s.mail != nil {
			if err := s.mail.Put(ctx, tx, inviteMail(email, in.URL)); err != nil {
				return err
			}
		}
		return note(ctx, tx, actor.ID, s.event(actor.ID, "user.invite", "", nil))
	})
	if err != nil {
		return nil, err
	}
	s.posted()
	return in, nil
}

// NewInvite returns a code with which this e-mail can make its account until then. It is a keyed hash and stored
// nowhere; as an e-mail has one account, it serves once.
func (s *Service) NewInvite(email string, until time.Time) (string, error) {
	email, err := parseEmail("email", email)
	if err != nil {
		return "", err
	}
	expiry := binary.BigEndian.AppendUint64(nil, uint64(until.Unix())) //nolint:gosec // a time ahead
	return base64.RawURLEncoding.EncodeToString(append(expiry, s.inviteHash(email, expiry)...)), nil
}

func (s *Service) checkInvite(email string, code *string) error {
	if code == nil {
		return errNoInvite
	}
	raw, err := base64.RawURLEncoding.DecodeString(*code)
	if err != nil || len(raw) < 8 {
		return errNoInvite
	}
	expiry, mac := raw[:8], raw[8:]
	if !hmac.Equal(mac, s.inviteHash(email, expiry)) {
		return errNoInvite
	}
	if s.clock.Now().Unix() >= int64(binary.BigEndian.Uint64(expiry)) { //nolint:gosec // authentic, so ours
		return errNoInvite
	}
	return nil
}

func (s *Service) inviteHash(email string, expiry []byte) []byte {
	return s.keys.Hash("invite", append(append([]byte(nil), expiry...), email...))
}
