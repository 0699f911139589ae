package pool

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/modelcost"
	"github.com/resourcepool/resourcepool/ent/modelprice"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/money"
)

// readList builds the list from the catalogue and the tables, as they are at one time.
func (p *Prices) readList(ctx context.Context) (*priceList, error) {
	s, err := p.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := p.ent.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("pool: begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	prices, err := tx.ModelPrice.Query().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("pool: read prices: %w", err)
	}
	costs, err := tx.ModelCost.Query().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("pool: read costs: %w", err)
	}
	return newPriceList(p.catalogue, costs, prices, s.PriceMarkup)
}

func (p *Prices) set(ctx context.Context, actor ids.ID, in ModelPriceInput) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	cached, minimum := in.InputCost, money.Credits(0)
	if in.CachedInputCost != nil {
		cached = *in.CachedInputCost
	}
	if in.MinimumCharge != nil {
		minimum = *in.MinimumCharge
	}
	now := p.clock.Now()
	at := modelAt{in.Model, in.Provider}
	return inTransaction(ctx, p.ent, func(tx *ent.Client) error {
		err := tx.ModelPrice.Create().SetID(modelID(modelAt{name: in.Model})).SetName(in.Model).
			SetInputPrice(in.InputPrice).SetOutputPrice(in.OutputPrice).SetMinimumCharge(minimum).SetUpdatedAt(now).
			OnConflictColumns(modelprice.FieldName).
			Update(func(u *ent.ModelPriceUpsert) {
				u.UpdateInputPrice().UpdateOutputPrice().UpdateMinimumCharge().UpdateUpdatedAt()
			}).
			Exec(ctx)
		if err != nil {
			return fmt.Errorf("pool: write the price of %s: %w", in.Model, err)
		}
		err = tx.ModelCost.Create().SetID(modelID(at)).SetName(in.Model).SetProvider(in.Provider).
			SetInputCost(in.InputCost).SetCachedInputCost(cached).SetOutputCost(in.OutputCost).SetUpdatedAt(now).
			OnConflictColumns(modelcost.FieldName, modelcost.FieldProvider).
			Update(func(u *ent.ModelCostUpsert) {
				u.UpdateInputCost().UpdateCachedInputCost().UpdateOutputCost().UpdateUpdatedAt()
			}).
			Exec(ctx)
		if err != nil {
			return fmt.Errorf("pool: write the cost of %s at %s: %w", in.Model, in.Provider, err)
		}
		err = journal.Audit(ctx, tx, journal.Event{
			ID: p.ids.New(ids.Audit), At: now, Actor: actor, Action: actionPrice, Subject: in.Model,
			Detail: map[string]any{
				"provider": in.Provider, "inputCost": in.InputCost, "cachedInputCost": cached, "outputCost": in.OutputCost,
				"inputPrice": in.InputPrice, "outputPrice": in.OutputPrice, "minimumCharge": minimum,
			},
		})
		if err != nil {
			return err
		}
		return journal.Change(ctx, tx, journal.Prices, in.Model)
	})
}
