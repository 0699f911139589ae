package model

import (
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/pool"
)

// PoolLedgerOrder is the order of the ranking.
type PoolLedgerOrder struct {
	Field     pool.ContributorField
	Direction OrderDirection
}

// Of returns the order as the domain has it; nil is its own.
func (o *PoolLedgerOrder) Of() pool.ContributorOrder {
	if o == nil {
		return pool.ContributorOrder{}
	}
	return pool.ContributorOrder{Field: o.Field, Asc: o.Direction == Asc}
}

// PoolResourceOrder is the order of a list of resources.
type PoolResourceOrder struct {
	Field     pool.ResourceField
	Direction OrderDirection
}

// Of returns the order as the domain has it; nil is its own.
func (o *PoolResourceOrder) Of() pool.ResourceOrder {
	if o == nil {
		return pool.ResourceOrder{}
	}
	return pool.ResourceOrder{Field: o.Field, Asc: o.Direction == Asc}
}

// PoolResourceFilter narrows a list of resources.
type PoolResourceFilter struct {
	Status    []poolresource.Status
	Provider  *string
	OwnerType *OwnerType
	OwnerID   *ids.ID
}

// Of returns the filter as the domain has it; nil takes all.
func (f *PoolResourceFilter) Of() pool.ResourceFilter {
	if f == nil {
		return pool.ResourceFilter{}
	}
	out := pool.ResourceFilter{Status: f.Status, Provider: f.Provider, Owner: f.OwnerID}
	if f.OwnerType != nil {
		platform := *f.OwnerType == OwnedByPlatform
		out.Platform = &platform
	}
	return out
}

// PoolUsageLogOrder is the order of a list of requests.
type PoolUsageLogOrder struct {
	Field     pool.UsageField
	Direction OrderDirection
}

// Of returns the order as the domain has it; nil is its own.
func (o *PoolUsageLogOrder) Of() pool.UsageOrder {
	if o == nil {
		return pool.UsageOrder{}
	}
	return pool.UsageOrder{Field: o.Field, Asc: o.Direction == Asc}
}
