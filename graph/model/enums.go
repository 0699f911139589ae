package model

import (
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/ent/usagelog"
	"github.com/resourcepool/resourcepool/ent/user"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
)

// The enums that are plain words inside: what has no type of its own in Go is a string here.
type (
	OwnerType          string
	Standing           string
	OrderDirection     string
	LedgerOrderField   string
	ResourceOrderField string
	UsageOrderField    string
	UserOrderField     string
	MessageRole        string
	FinishReason       string
	DepositStepName    string
	UsageScope         string
	Bucket             string
	UsageGroup         string
)

// Kinds of owners, and the direction that is not the default.
const (
	OwnedByUser     OwnerType      = "USER"
	OwnedByPlatform OwnerType      = "PLATFORM"
	Desc            OrderDirection = "DESC"
)

// Standings of a contributor.
const (
	StandingActive   Standing = "ACTIVE"
	StandingLow      Standing = "LOW"
	StandingDepleted Standing = "DEPLETED"
)

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

func MarshalUserStatus(v user.Status) graphql.Marshaler { return write(v) }
func UnmarshalUserStatus(v any) (user.Status, error) {
	return read(v, user.StatusACTIVE, user.StatusFROZEN)
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

func MarshalTransactionKind(v string) graphql.Marshaler { return write(v) }
func UnmarshalTransactionKind(v any) (string, error) {
	return read(v, "DEPOSIT", "VEST", "WITHDRAWAL", "CLAWBACK", "GRANT", "USAGE", "REFUND",
		"MARKET_PURCHASE", "MARKET_SETTLEMENT", "MARKET_REFUND", "ADJUSTMENT")
}

func MarshalAsset(v string) graphql.Marshaler        { return write(v) }
func UnmarshalAsset(v any) (string, error)           { return read(v, "CREDIT", "USD") }
func MarshalOwnerType(v OwnerType) graphql.Marshaler { return write(v) }
func UnmarshalOwnerType(v any) (OwnerType, error)    { return read(v, OwnedByUser, OwnedByPlatform) }
func MarshalStanding(v Standing) graphql.Marshaler   { return write(v) }
func UnmarshalStanding(v any) (Standing, error) {
	return read(v, StandingActive, StandingLow, StandingDepleted)
}

func MarshalOrderDirection(v OrderDirection) graphql.Marshaler { return write(v) }
func UnmarshalOrderDirection(v any) (OrderDirection, error)    { return read(v, "ASC", Desc) }

func MarshalPoolLedgerOrderField(v LedgerOrderField) graphql.Marshaler { return write(v) }
func UnmarshalPoolLedgerOrderField(v any) (LedgerOrderField, error) {
	return read[LedgerOrderField](v, "RESOURCES_CONTRIBUTED", "RESOURCE_CONSUMED", "PLATFORM_REVENUE", "REQUESTS")
}

func MarshalPoolResourceOrderField(v ResourceOrderField) graphql.Marshaler { return write(v) }
func UnmarshalPoolResourceOrderField(v any) (ResourceOrderField, error) {
	return read[ResourceOrderField](v, "CREATED_AT", "CURRENT_QUOTA", "ORIGINAL_QUOTA", "LAST_USED_AT", "EXPIRES_AT")
}

func MarshalPoolUsageLogOrderField(v UsageOrderField) graphql.Marshaler { return write(v) }
func UnmarshalPoolUsageLogOrderField(v any) (UsageOrderField, error) {
	return read[UsageOrderField](v, "CREATED_AT", "CREDITS_CHARGED", "COST_AMOUNT", "LATENCY_MS")
}

func MarshalUserOrderField(v UserOrderField) graphql.Marshaler { return write(v) }
func UnmarshalUserOrderField(v any) (UserOrderField, error) {
	return read[UserOrderField](v, "CREATED_AT", "DISPLAY_NAME")
}

func MarshalMessageRole(v MessageRole) graphql.Marshaler { return write(v) }
func UnmarshalMessageRole(v any) (MessageRole, error) {
	return read[MessageRole](v, "SYSTEM", "USER", "ASSISTANT")
}

func MarshalFinishReason(v FinishReason) graphql.Marshaler { return write(v) }
func UnmarshalFinishReason(v any) (FinishReason, error) {
	return read[FinishReason](v, "STOP", "LENGTH", "CONTENT_FILTER", "OTHER")
}

func MarshalDepositStepName(v DepositStepName) graphql.Marshaler { return write(v) }
func UnmarshalDepositStepName(v any) (DepositStepName, error) {
	return read[DepositStepName](v, "KEY", "MODELS", "BALANCE", "BOOKED")
}

func MarshalUsageScope(v UsageScope) graphql.Marshaler { return write(v) }
func UnmarshalUsageScope(v any) (UsageScope, error) {
	return read[UsageScope](v, "MINE", "MY_KEYS", "POOL")
}

func MarshalBucket(v Bucket) graphql.Marshaler { return write(v) }
func UnmarshalBucket(v any) (Bucket, error)    { return read[Bucket](v, "HOUR", "DAY") }

func MarshalUsageGroup(v UsageGroup) graphql.Marshaler { return write(v) }
func UnmarshalUsageGroup(v any) (UsageGroup, error) {
	return read[UsageGroup](v, "MODEL", "PROVIDER", "RESOURCE", "USER")
}
