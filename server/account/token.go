package account

import (
	"context"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
)

// maxTokens bounds the tokens of a person that are not revoked.
const maxTokens = 200

var (
	errNoToken       = fault.New(fault.NotFound, "there is no such API token")
	errTooManyTokens = fault.New(fault.Conflict, "you have %d API tokens: revoke one first", maxTokens)
)

// CreateTokenInput describes an API token. Without a spend limit it may spend all that its owner has, without models ask
// for all, without scopes do what tokens may, without networks be used from everywhere.
type CreateTokenInput struct {
	Name             string
	ExpiresAt        *time.Time
	SpendLimit       *money.Credits
	SpendLimitPeriod *Period // nil: what is spent counts for ever
	Models           []string
	Scopes           []access.Scope
	Networks         []string
}

type newToken struct {
	id, user     ids.ID
	name, masked string
	hash         []byte
	models       []string
	scopes       []string
	networks     []string
	at           time.Time
	expires      *time.Time
	limit        *money.Credits
	period       Period
}

// CreateToken makes an API token of the actor's. The secret is returned this once. It returns a BAD_USER_INPUT that names
// the argument, or CONFLICT where there are too many.
func (s *Service) CreateToken(ctx context.Context, actor *access.Actor, in CreateTokenInput) (*ent.APIToken, string, error) {
	t, err := s.parseToken(actor, in)
	if err != nil {
		return nil, "", err
	}
	secret, err := newTokenSecret(s.random)
	if err != nil {
		return nil, "", err
	}
	hash := hashSecret(secret)
	t.hash, t.masked = hash[:], maskToken(secret)
	made, err := s.store.createToken(ctx, t, s.budgets, s.event(actor.ID, "token.create", t.id, map[string]any{"name": t.name}))
	if err != nil {
		return nil, "", err
	}
	return made, secret, nil
}

func (s *Service) parseToken(actor *access.Actor, in CreateTokenInput) (newToken, error) {
	t := newToken{id: s.ids.New(ids.Token), user: actor.ID, at: s.clock.Now(), limit: in.SpendLimit}
	var err error
	if t.name, err = parseName("input.name", in.Name); err != nil {
		return t, err
	}
	if t.models, err = parseModels("input.models", in.Models); err != nil {
		return t, err
	}
	if in.ExpiresAt != nil {
		expires := in.ExpiresAt.UTC()
		if t.expires = &expires; !expires.After(t.at) {
			return t, fault.Invalid("input.expiresAt", "a token expires in the future")
		}
	}
	if in.SpendLimit != nil && *in.SpendLimit < 0 {
		return t, fault.Invalid("input.spendLimit", "a spend limit can't be negative")
	}
	if in.SpendLimitPeriod != nil {
		if t.period = *in.SpendLimitPeriod; in.SpendLimit == nil {
			return t, fault.Invalid("input.spendLimitPeriod", "a period is one of a spend limit: name that too")
		}
	}
	if t.scopes, err = parseScopes("input.scopes", in.Scopes); err != nil {
		return t, err
	}
	t.networks, err = parseNetworks("input.networks", in.Networks)
	return t, err
}

// RevokeToken ends an API token for good; once more it does nothing. Another's token is NOT_FOUND, save for admins.
func (s *Service) RevokeToken(ctx context.Context, actor *access.Actor, id ids.ID) (*ent.APIToken, error) {
	t, err := s.store.token(ctx, id)
	if err != nil {
		return nil, err
	}
	if t == nil || !s.policy.Can(actor, "revoke", "ApiToken", t.UserID) {
		return nil, errNoToken
	}
	if t.RevokedAt != nil {
		return t, nil
	}
	t, err = s.store.revokeToken(ctx, t, s.clock.Now(), s.event(actor.ID, "token.revoke", id, nil))
	if err != nil {
		return nil, err
	}
	s.Invalidate(t.UserID)
	return t, nil
}

// Tokens returns the API tokens of a user, newest first, with those that were revoked.
func (s *Service) Tokens(ctx context.Context, user ids.ID) ([]*ent.APIToken, error) {
	return s.store.tokens(ctx, user)
}

// Token returns an API token, or NOT_FOUND. Whether the caller may see it is access's question.
func (s *Service) Token(ctx context.Context, id ids.ID) (*ent.APIToken, error) {
	t, err := s.store.token(ctx, id)
	if err == nil && t == nil {
		err = errNoToken
	}
	return t, err
}
