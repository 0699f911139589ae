package app

import (
	"errors"
	"fmt"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ledger"
)

type verifyCommand struct {
	Quiet bool `short:"q" help:"Print only what is wrong."`
	checkpointFlags
}

var errNotClean = errors.New("the books are not in order")

// Run verifies and ends with an error where anything is wrong. It may run beside a server.
func (c *verifyCommand) Run(e *environment) error {
	cfg, log, err := e.settings()
	if err != nil {
		return err
	}
	audit, err := c.audit(e.ctx, cfg)
	if err != nil {
		return err
	}
	s, err := readDatabase(e.ctx, cfg, log)
	if err != nil {
		return err
	}
	defer s.close()
	db, err := s.open(2)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	shown := newProgress(e.stderr, clock.System)
	options := ledger.VerifyOptions{Now: shown.began}
	if !c.Quiet {
		options.Progress = shown.at
	}
	if audit != nil {
		options.Watch = audit.Watch
	}
	report, err := ledger.Verify(e.ctx, db, options)
	shown.end()
	if err != nil {
		return unmigrated(err)
	}
	for _, f := range report.Findings {
		_, _ = fmt.Fprintln(e.stdout, f)
	}
	if !c.Quiet {
		_, _ = fmt.Fprintf(e.stdout, "%d transactions, head #%d %x\nchain valid: %v\nbalanced: %v\nbalances match: %v\n",
			report.Transactions, report.HeadSeq, report.HeadHash, report.ChainValid, report.Balanced, report.BalancesMatch)
	}
	compared, err := compare(e.ctx, audit, c.Quiet, e.stdout)
	if err != nil {
		return err
	}
	return verdict(report, compared)
}
