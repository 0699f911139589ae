package app

import (
	"context"
	"fmt"
	"io"
	"syscall"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/config"
	"github.com/resourcepool/resourcepool/server/vault"
)

// openVault opens the vault under the master key of the settings.
func openVault(ctx context.Context, cfg config.Config, client *ent.Client, clk clock.Clock, random io.Reader, options ...vault.Option) (*vault.Vault, error) {
	service, err := cfg.KeyService()
	if err != nil {
		return nil, err
	}
	if service != nil {
		return vault.OpenFrom(ctx, client, vault.From(service), clk, random, options...)
	}
	key, err := cfg.MasterKey(random)
	if err != nil {
		return nil, err
	}
	return vault.Open(ctx, client, key, clk, random, options...)
}

// noCoreDumps keeps what the vault has in memory out of files.
func noCoreDumps() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("core dumps can't be switched off: %w", err)
	}
	return nil
}
