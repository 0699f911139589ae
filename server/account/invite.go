package account

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/resourcepool/resourcepool/server/fault"
)

var errNoInvite = fault.New(fault.Forbidden, "sign-up is by invitation: this e-mail needs a valid code").In("input.invite")

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
	return s.hasher.Hash("invite", append(append([]byte(nil), expiry...), email...))
}
