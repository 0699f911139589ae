package model

import (
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/account"
)

// SessionPayload answers a sign-up and a sign-in.
type SessionPayload struct{ Viewer *ent.User }

// RecoveryCodesPayload has the codes, this once.
type RecoveryCodesPayload struct {
	RecoveryCodes []string
	Viewer        *ent.User
}

// IdentityLink is where to send the browser to link an identity.
type IdentityLink struct {
	URL       string
	ExpiresAt time.Time
}

// CreateAPITokenPayload has the token's secret, this once.
type CreateAPITokenPayload struct {
	Secret string
	Token  *ent.APIToken
}

// UserOrder is the order of a list of users.
type UserOrder struct {
	Field     UserOrderField
	Direction OrderDirection
}

// Of returns the order as the domain has it; nil is its own.
func (o *UserOrder) Of() account.UserOrder {
	if o == nil {
		return account.UserOrder{}
	}
	return account.UserOrder{By: string(o.Field), Desc: o.Direction == Desc}
}
