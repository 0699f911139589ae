//nolint:revive // gqlgen finds the pairs below by their names, which say all there is to say
package model

import (
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/ent/session"
	"github.com/resourcepool/resourcepool/ent/usagelog"
	"github.com/resourcepool/resourcepool/ent/user"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/pool"
)

// OwnerType is whose a resource is.
type OwnerType string

// The kinds of owners.
const (
	OwnedByUser     OwnerType = "USER"
	OwnedByPlatform OwnerType = "PLATFORM"
)

// OrderDirection is which way a list goes.
type OrderDirection string

// The directions.
const (
	Asc  OrderDirection = "ASC"
	Desc OrderDirection = "DESC"
)

// UserOrderField is what users can be ordered by.
type UserOrderField string

func write[T ~string](v T) graphql.Marshaler { return graphql.MarshalString(string(v)) }

// read takes a value of the enum exactly as the schema has it; gqlparser alone would let the case of a variable differ.
func read[T ~string](v any, values ...T) (T, error) {
	s, _ := v.(string)
	if slices.Contains(values, T(s)) {
		return T(s), nil
	}
	names := make([]string, len(values))
	for i, n := range values {
		names[i] = string(n)
	}
	return "", fault.Invalid("", "this is one of %s", strings.Join(names, ", "))
}

// The marshalers below bind the contract's enums to Go; gqlgen finds them by their names.

func MarshalRole(v access.Role) graphql.Marshaler { return write(v) }
func UnmarshalRole(v any) (access.Role, error) {
	return read(v, access.User, access.Contributor, access.Admin)
}

func MarshalSignUpMode(v account.SignUpMode) graphql.Marshaler {
	return graphql.MarshalString(strings.ToUpper(string(v)))
}
func UnmarshalSignUpMode(v any) (account.SignUpMode, error) {
	s, err := read(v, "OPEN", "INVITE", "CLOSED")
	return account.SignUpMode(strings.ToLower(s)), err
}

func MarshalUserStatus(v user.Status) graphql.Marshaler { return write(v) }
func UnmarshalUserStatus(v any) (user.Status, error) {
	return read(v, user.StatusACTIVE, user.StatusFROZEN)
}

func MarshalSignInMethod(v session.Method) graphql.Marshaler { return write(v) }
func UnmarshalSignInMethod(v any) (session.Method, error) {
	return read(v, session.MethodPASSWORD, session.MethodPASSKEY, session.MethodOIDC)
}

func MarshalTokenScope(v access.Scope) graphql.Marshaler { return write(v) }
func UnmarshalTokenScope(v any) (access.Scope, error)    { return read(v, access.Scopes...) }

func MarshalSpendLimitPeriod(v account.Period) graphql.Marshaler { return write(v) }
func UnmarshalSpendLimitPeriod(v any) (account.Period, error) {
	return read(v, account.Day, account.Week, account.Month)
}

func MarshalResourceStatus(v poolresource.Status) graphql.Marshaler { return write(v) }
func UnmarshalResourceStatus(v any) (poolresource.Status, error) {
	return read(v, poolresource.StatusACTIVE, poolresource.StatusPAUSED, poolresource.StatusSUSPENDED,
		poolresource.StatusDEPLETED, poolresource.StatusEXPIRED, poolresource.StatusWITHDRAWN)
}

func MarshalSuspendedBy(v poolresource.SuspendedBy) graphql.Marshaler { return write(v) }
func UnmarshalSuspendedBy(v any) (poolresource.SuspendedBy, error) {
	return read(v, poolresource.SuspendedByPROVIDER, poolresource.SuspendedByMONITOR, poolresource.SuspendedByADMIN)
}

func MarshalUsageStatus(v usagelog.Status) graphql.Marshaler { return write(v) }
func UnmarshalUsageStatus(v any) (usagelog.Status, error) {
	return read(v, usagelog.StatusSUCCEEDED, usagelog.StatusFAILED)
}

func MarshalTransactionKind(v ledger.Kind) graphql.Marshaler { return write(v) }
func UnmarshalTransactionKind(v any) (ledger.Kind, error) {
	return read(v, ledger.KindDeposit, ledger.KindVest, ledger.KindWithdrawal, ledger.KindClawback, ledger.KindGrant,
		ledger.KindUsage, ledger.KindRefund, ledger.KindMarketPurchase, ledger.KindMarketSettlement,
		ledger.KindMarketRefund, ledger.KindAdjustment)
}

// A row of the books has its kind as text.

func MarshalStoredKind(v string) graphql.Marshaler { return write(v) }
func UnmarshalStoredKind(v any) (string, error) {
	k, err := UnmarshalTransactionKind(v)
	return string(k), err
}

func MarshalAsset(v string) graphql.Marshaler           { return write(v) }
func UnmarshalAsset(v any) (string, error)              { return read(v, "CREDIT", "USD") }
func MarshalOwnerType(v OwnerType) graphql.Marshaler    { return write(v) }
func UnmarshalOwnerType(v any) (OwnerType, error)       { return read(v, OwnedByUser, OwnedByPlatform) }
func MarshalStanding(v pool.Standing) graphql.Marshaler { return write(v) }
func UnmarshalStanding(v any) (pool.Standing, error) {
	return read(v, pool.StandingActive, pool.StandingLow, pool.StandingDepleted)
}

func MarshalOrderDirection(v OrderDirection) graphql.Marshaler { return write(v) }
func UnmarshalOrderDirection(v any) (OrderDirection, error)    { return read(v, Asc, Desc) }

func MarshalPoolLedgerOrderField(v pool.ContributorField) graphql.Marshaler { return write(v) }
func UnmarshalPoolLedgerOrderField(v any) (pool.ContributorField, error) {
	return read(v, pool.ByContributed, pool.ByConsumed, pool.ByRevenue, pool.ByRequestsOnOwn)
}

func MarshalPoolResourceOrderField(v pool.ResourceField) graphql.Marshaler { return write(v) }
func UnmarshalPoolResourceOrderField(v any) (pool.ResourceField, error) {
	return read(v, pool.ByCreated, pool.ByCurrentQuota, pool.ByOriginalQuota, pool.ByLastUsed, pool.ByExpiry)
}

func MarshalPoolUsageLogOrderField(v pool.UsageField) graphql.Marshaler { return write(v) }
func UnmarshalPoolUsageLogOrderField(v any) (pool.UsageField, error) {
	return read(v, pool.ByTime, pool.ByCharge, pool.ByCost, pool.ByLatency)
}

func MarshalUserOrderField(v UserOrderField) graphql.Marshaler { return write(v) }
func UnmarshalUserOrderField(v any) (UserOrderField, error) {
	return read[UserOrderField](v, account.ByCreatedAt, account.ByDisplayName)
}

func MarshalMessageRole(v gateway.Role) graphql.Marshaler { return write(v) }
func UnmarshalMessageRole(v any) (gateway.Role, error) {
	return read(v, gateway.System, gateway.User, gateway.Assistant)
}

func MarshalFinishReason(v gateway.FinishReason) graphql.Marshaler { return write(v) }
func UnmarshalFinishReason(v any) (gateway.FinishReason, error) {
	return read(v, gateway.FinishStop, gateway.FinishLength, gateway.FinishContentFilter, gateway.FinishOther)
}

func MarshalDepositStepName(v string) graphql.Marshaler { return write(v) }
func UnmarshalDepositStepName(v any) (string, error) {
	return read(v, pool.StepKey, pool.StepModels, pool.StepBalance, pool.StepBooked)
}

func MarshalUsageScope(v pool.UsageScope) graphql.Marshaler { return write(v) }
func UnmarshalUsageScope(v any) (pool.UsageScope, error) {
	return read(v, pool.ScopeMine, pool.ScopeMyKeys, pool.ScopePool)
}

func MarshalBucket(v pool.Bucket) graphql.Marshaler { return write(v) }
func UnmarshalBucket(v any) (pool.Bucket, error) {
	return read(v, pool.BucketHour, pool.BucketDay)
}

func MarshalUsageGroup(v pool.UsageGroup) graphql.Marshaler { return write(v) }
func UnmarshalUsageGroup(v any) (pool.UsageGroup, error) {
	return read(v, pool.GroupModel, pool.GroupProvider, pool.GroupResource, pool.GroupUser)
}
