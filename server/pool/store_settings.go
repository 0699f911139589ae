package pool

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/setting"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
)

const (
	settingsRow       = 1
	actionSettings    = "settings.update"
	actionPrice       = "price.set"
	subjectOfSettings = "settings"
)

// found writes the first settings where there are none.
func (s *SettingsStore) found(ctx context.Context, first *ent.Setting) error {
	err := s.ent.Setting.Create().SetID(settingsRow).
		SetDepositFeeRate(first.DepositFeeRate).SetUnconfirmedTrustLimit(first.UnconfirmedTrustLimit).
		SetClawbackGraceHours(first.ClawbackGraceHours).SetPriceMarkup(first.PriceMarkup).
		SetCostWeight(first.CostWeight).SetPerformanceWeight(first.PerformanceWeight).SetReliabilityWeight(first.ReliabilityWeight).
		SetPlatformOwnedFactor(first.PlatformOwnedFactor).SetLowQuotaFactor(first.LowQuotaFactor).
		SetLowQuotaThreshold(first.LowQuotaThreshold).SetUsedRecentlyFactor(first.UsedRecentlyFactor).
		SetUsedRecentlySeconds(first.UsedRecentlySeconds).SetUpdatedAt(s.clock.Now()).
		OnConflictColumns(setting.FieldID).DoNothing().Exec(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) { // which says that the row was there
		return fmt.Errorf("pool: write the first settings: %w", err)
	}
	return nil
}

func (s *SettingsStore) load(ctx context.Context) (*ent.Setting, error) {
	row, err := s.ent.Setting.Get(ctx, settingsRow)
	if err != nil {
		return nil, fmt.Errorf("pool: read the settings: %w", err)
	}
	return row, nil
}

// update changes the row under its lock, so that two admins' changes are checked together.
func (s *SettingsStore) update(ctx context.Context, actor ids.ID, p SettingsPatch) (row *ent.Setting, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	err = inTransaction(ctx, s.ent, func(tx *ent.Client) error {
		old, err := tx.Setting.Query().Where(setting.ID(settingsRow)).ForUpdate().Only(ctx)
		if err != nil {
			return fmt.Errorf("pool: read the settings: %w", err)
		}
		merged, changed, err := p.merge(old)
		if err != nil {
			return err
		}
		if row = old; len(changed) == 0 {
			return nil
		}
		now := s.clock.Now()
		row, err = tx.Setting.UpdateOneID(settingsRow).
			SetDepositFeeRate(merged.DepositFeeRate).SetUnconfirmedTrustLimit(merged.UnconfirmedTrustLimit).
			SetClawbackGraceHours(merged.ClawbackGraceHours).SetPriceMarkup(merged.PriceMarkup).
			SetCostWeight(merged.CostWeight).SetPerformanceWeight(merged.PerformanceWeight).SetReliabilityWeight(merged.ReliabilityWeight).
			SetPlatformOwnedFactor(merged.PlatformOwnedFactor).SetLowQuotaFactor(merged.LowQuotaFactor).
			SetLowQuotaThreshold(merged.LowQuotaThreshold).SetUsedRecentlyFactor(merged.UsedRecentlyFactor).
			SetUsedRecentlySeconds(merged.UsedRecentlySeconds).SetUpdatedAt(now).Save(ctx)
		if err != nil {
			return fmt.Errorf("pool: write the settings: %w", err)
		}
		err = journal.Audit(ctx, tx, journal.Event{
			ID: s.ids.New(ids.Audit), At: now, Actor: actor, Action: actionSettings, Subject: subjectOfSettings, Detail: changed,
		})
		if err != nil {
			return err
		}
		return journal.Change(ctx, tx, journal.Settings, "")
	})
	if err != nil {
		return nil, err
	}
	return row, nil
}

// inTransaction commits what do does, or nothing of it.
func inTransaction(ctx context.Context, client *ent.Client, do func(tx *ent.Client) error) error {
	tx, err := client.Tx(ctx)
	if err != nil {
		return fmt.Errorf("pool: begin: %w", err)
	}
	if err := do(tx.Client()); err != nil {
		_ = tx.Rollback() // what failed is told; the server ends what was begun
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("pool: commit: %w", err)
	}
	return nil
}
