package pool

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/resourcepool/resourcepool/ent"
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
	aliases, err := readAliases(ctx, tx)
	if err != nil {
		return nil, err
	}
	return newPriceList(p.catalogue, costs, prices, aliases, s.PriceMarkup)
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
		// In SQL: Ent's upsert cannot read an id of our own type back.
		_, err := tx.ExecContext(ctx, `INSERT INTO model_prices (id, name, input_price, output_price, minimum_charge, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO UPDATE SET input_price = EXCLUDED.input_price,
				output_price = EXCLUDED.output_price, minimum_charge = EXCLUDED.minimum_charge, updated_at = EXCLUDED.updated_at`,
			string(modelID(modelAt{name: in.Model})), in.Model, int64(in.InputPrice), int64(in.OutputPrice), int64(minimum), now)
		if err != nil {
			return fmt.Errorf("pool: write the price of %s: %w", in.Model, err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO model_costs (id, name, provider, input_cost, cached_input_cost, output_cost, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name, provider) DO UPDATE SET input_cost = EXCLUDED.input_cost,
				cached_input_cost = EXCLUDED.cached_input_cost, output_cost = EXCLUDED.output_cost, updated_at = EXCLUDED.updated_at`,
			string(modelID(at)), in.Model, in.Provider, int64(in.InputCost), int64(cached), int64(in.OutputCost), now)
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
