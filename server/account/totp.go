package account

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
)

// What authenticator apps expect: RFC 6238 with SHA-1, six digits, half a minute; a code is good one step early or late.
const (
	totpSecret = 20 // bytes
	totpStep   = 30 * time.Second
	totpSkew   = 1
	issuer     = "Resource Pool"

	recoveryCodes       = 10
	recoveryCodeLetters = 12 // of 32: 60 bits
)

var (
	errSecondFactor = fault.New(fault.SecondFactorRequired, "send the code of your authenticator app too")
	errWrongCode    = fault.New(fault.Unauthenticated, "wrong code")
	errBadCode      = fault.Invalid("code", "this is not the code of now: check the clock of the device")
	errHasFactor    = fault.New(fault.Conflict, "a second factor is set up: disable it first")
	errNoFactor     = fault.New(fault.Conflict, "no second factor is set up")
)

var codeText = base32.StdEncoding.WithPadding(base32.NoPadding)

// Enrolment is a second factor that is yet to be confirmed: the secret, and the address that an app reads off a QR code.
type Enrolment struct{ Secret, URI string }

// EnrolTOTP begins to set up an authenticator app. It counts for nothing until ConfirmTOTP; begun again, the secret is
// another. It returns CONFLICT where one is set up.
func (s *Service) EnrolTOTP(ctx context.Context, actor *access.Actor) (*Enrolment, error) {
	u, err := s.User(ctx, actor.ID)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, totpSecret)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return nil, fmt.Errorf("account: no randomness: %w", err)
	}
	secret := codeText.EncodeToString(raw)
	sealed, err := s.keys.SealBlob(totpPurpose(u), []byte(secret))
	if err != nil {
		return nil, err
	}
	if err := s.store.beginFactor(ctx, u.ID, sealed, s.clock.Now()); err != nil {
		return nil, err
	}
	address := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + u.Email, RawQuery: url.Values{"secret": {secret}, "issuer": {issuer}}.Encode()}
	return &Enrolment{Secret: secret, URI: strings.ReplaceAll(address.String(), "+", "%20")}, nil
}

// ConfirmTOTP takes the first code of the app: from now on one is asked for at sign-in. It returns recovery codes, each of
// which serves once in place of a code, shown this once. It returns a BAD_USER_INPUT for a wrong code, CONFLICT where
// nothing was begun, or RATE_LIMITED.
func (s *Service) ConfirmTOTP(ctx context.Context, actor *access.Actor, code string) ([]string, error) {
	u, err := s.User(ctx, actor.ID)
	if err != nil {
		return nil, err
	}
	f, err := s.store.factor(ctx, u.ID)
	switch {
	case err != nil:
		return nil, err
	case f == nil:
		return nil, errNoFactor
	case f.ConfirmedAt != nil:
		return nil, errHasFactor
	}
	taken, err := s.throttle.Take(ctx, failuresOfCode.Of(string(u.ID)))
	if err != nil {
		return nil, err
	}
	step, err := s.matchCode(u, f, code)
	if err != nil {
		return nil, err
	}
	if step == 0 {
		return nil, errBadCode
	}
	if err := taken.GiveBack(ctx); err != nil {
		return nil, err
	}
	codes, hashes, err := s.newRecoveryCodes(u)
	if err != nil {
		return nil, err
	}
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		if err := confirmFactor(ctx, tx, f, step, s.clock.Now(), actor.SessionID); err != nil {
			return err
		}
		if err := replaceRecoveryCodes(ctx, tx, u.ID, hashes); err != nil {
			return err
		}
		if err := s.notify(ctx, tx, u.Email, factorEnrolled); err != nil {
			return err
		}
		return note(ctx, tx, u.ID, s.event(actor.ID, "user.secondFactorEnrolled", u.ID, nil))
	})
	if err != nil {
		return nil, err
	}
	s.posted()
	s.Invalidate(u.ID)
	return codes, nil
}

// DisableTOTP takes the second factor away again, from who can give a code. It returns CONFLICT where there is none,
// UNAUTHENTICATED for a wrong code, or RATE_LIMITED.
func (s *Service) DisableTOTP(ctx context.Context, actor *access.Actor, code string) error {
	u, err := s.User(ctx, actor.ID)
	if err != nil {
		return err
	}
	if second, err := s.proveSecond(ctx, u, &code); err != nil || !second {
		if err == nil {
			err = errNoFactor
		}
		return err
	}
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		if err := dropFactor(ctx, tx, u.ID); err != nil {
			return err
		}
		if err := s.notify(ctx, tx, u.Email, factorDisabled); err != nil {
			return err
		}
		return note(ctx, tx, u.ID, s.event(actor.ID, "user.secondFactorDisabled", u.ID, nil))
	})
	if err == nil {
		s.posted()
		s.Invalidate(u.ID)
	}
	return err
}

// NewRecoveryCodes replaces the recovery codes; none of the old ones is good any more. It returns CONFLICT where no second
// factor is set up.
func (s *Service) NewRecoveryCodes(ctx context.Context, actor *access.Actor) ([]string, error) {
	u, err := s.User(ctx, actor.ID)
	if err != nil {
		return nil, err
	}
	f, err := s.store.factor(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	if f == nil || f.ConfirmedAt == nil {
		return nil, errNoFactor
	}
	codes, hashes, err := s.newRecoveryCodes(u)
	if err != nil {
		return nil, err
	}
	err = s.store.inTx(ctx, func(tx *ent.Client) error {
		if err := replaceRecoveryCodes(ctx, tx, u.ID, hashes); err != nil {
			return err
		}
		return note(ctx, tx, u.ID, s.event(actor.ID, "user.recoveryCodes", u.ID, nil))
	})
	return codes, err
}

// Factor is what a person has to sign in with beside a password.
type Factor struct {
	Since             *time.Time // nil: nothing
	RecoveryCodesLeft int
}

// Factor returns the second factor of a user.
func (s *Service) Factor(ctx context.Context, u *ent.User) (Factor, error) {
	f, err := s.store.factor(ctx, u.ID)
	if err != nil || f == nil || f.ConfirmedAt == nil {
		return Factor{}, err
	}
	left, err := s.store.recoveryCodesLeft(ctx, u.ID)
	return Factor{Since: f.ConfirmedAt, RecoveryCodesLeft: left}, err
}

// proveSecond takes a code of the user's app, or a recovery code. It reports whether one was asked for. A code counts as
// failed before it is looked at, so that those that run at once can't pass together, and none is taken twice.
func (s *Service) proveSecond(ctx context.Context, u *ent.User, code *string) (bool, error) {
	f, err := s.store.factor(ctx, u.ID)
	if err != nil || f == nil || f.ConfirmedAt == nil {
		return false, err
	}
	if code == nil || strings.TrimSpace(*code) == "" {
		return false, errSecondFactor
	}
	taken, err := s.throttle.Take(ctx, failuresOfCode.Of(string(u.ID)))
	if err != nil {
		return false, err
	}
	step, err := s.matchCode(u, f, *code)
	if err != nil {
		return false, err
	}
	spend := func() (bool, error) { return s.store.spendStep(ctx, u.ID, step) }
	if step == 0 {
		spend = func() (bool, error) { return s.spendRecoveryCode(ctx, u, *code) }
	}
	switch ok, err := spend(); {
	case err != nil:
		return false, err
	case !ok:
		s.failedToSignIn(ctx, u.ID)
		return false, errWrongCode
	}
	return true, taken.GiveBack(ctx)
}

// matchCode returns the time step that the code is of, 0 where it is of none that is near.
func (s *Service) matchCode(u *ent.User, f *ent.SecondFactor, code string) (int64, error) {
	secret, err := s.keys.OpenBlob(totpPurpose(u), f.Secret)
	if err != nil {
		return 0, err
	}
	code = strings.ReplaceAll(code, " ", "")
	now := s.clock.Now().Unix() / int64(totpStep/time.Second)
	for step := now - totpSkew; step <= now+totpSkew; step++ {
		ok, err := hotp.ValidateCustom(code, uint64(step), string(secret), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if ok && err == nil { // a code of another length is an error, and a wrong one
			return step, nil
		}
	}
	return 0, nil
}

func (s *Service) newRecoveryCodes(u *ent.User) (codes []string, hashes [][]byte, err error) {
	for range recoveryCodes {
		raw := make([]byte, recoveryCodeLetters) // a letter of each
		if _, err := io.ReadFull(s.random, raw); err != nil {
			return nil, nil, fmt.Errorf("account: no randomness: %w", err)
		}
		code := strings.ToLower(codeText.EncodeToString(raw)[:recoveryCodeLetters])
		codes, hashes = append(codes, code[:4]+"-"+code[4:8]+"-"+code[8:]), append(hashes, s.recoveryHash(u, code))
	}
	return codes, hashes, nil
}

func (s *Service) spendRecoveryCode(ctx context.Context, u *ent.User, code string) (bool, error) {
	code = strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
	if len(code) != recoveryCodeLetters {
		return false, nil
	}
	ok := false
	err := s.store.inTx(ctx, func(tx *ent.Client) (err error) {
		if ok, err = spendRecoveryCode(ctx, tx, u.ID, s.recoveryHash(u, code), s.clock.Now()); err != nil || !ok {
			return err
		}
		if err := s.notify(ctx, tx, u.Email, recoveryCodeSpent); err != nil {
			return err
		}
		return note(ctx, tx, u.ID, s.event(u.ID, "user.recoveryCodeUsed", u.ID, nil))
	})
	if ok && err == nil {
		s.posted()
	}
	return ok, err
}

// recoveryHash is keyed and the person's own: what is stored can't be guessed at, nor moved to another.
func (s *Service) recoveryHash(u *ent.User, code string) []byte {
	return s.keys.Hash("recovery code", []byte(string(u.ID)+" "+code))
}

func totpPurpose(u *ent.User) string { return "totp " + string(u.ID) }
