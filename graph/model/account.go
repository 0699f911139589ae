package model

import (
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/user"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/money"
)

// SignUpInput is the contract's input of that name; so are the other inputs of this package.
type SignUpInput struct {
	Email       string
	Password    string
	DisplayName string
	Invite      *string
}

type SignInInput struct {
	Email    string
	Password string
	Code     *string
}

type SessionPayload struct{ Viewer *ent.User }

type CreateAPITokenInput struct {
	Name       string
	ExpiresAt  *time.Time
	SpendLimit *money.Credits
	Models     []string
}

type CreateAPITokenPayload struct {
	Secret string
	Token  *ent.APIToken
}

type UserFilter struct {
	Search *string
	Role   *access.Role
	Status *user.Status
}

type UserOrder struct {
	Field     UserOrderField
	Direction OrderDirection
}
