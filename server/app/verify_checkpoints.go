package app

import (
	"context"
	"fmt"
	"io"

	"github.com/resourcepool/resourcepool/server/checkpoint"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/config"
	"github.com/resourcepool/resourcepool/server/ledger"
)

// checkpointFlags say what the books are compared with besides themselves.
type checkpointFlags struct {
	Checkpoints string `placeholder:"PLACE" help:"Compare with the signed checkpoints of a folder or s3://KEY:SECRET@host/bucket/prefix?region=…. Unset: those of this environment, where there are any."`
	Key         string `help:"The public key of the checkpoints, name+hash+base64, or a file that has it. Unset: that of this environment."`
}

// audit returns what watches the replay; nil where there is nothing to compare with.
func (f checkpointFlags) audit(ctx context.Context, cfg config.Config) (*checkpoint.Audit, error) {
	place, err := cfg.Checkpoints()
	named := cfg.NamesCheckpoints()
	if f.Checkpoints != "" {
		named = true
		if place, err = checkpoint.OpenPlace(f.Checkpoints, clock.System); err != nil {
			err = fmt.Errorf("--checkpoints %w", err)
		}
	}
	if err != nil {
		return nil, err
	}
	if !named { // the folder of a server that signs for itself
		if list, err := place.List(ctx, ""); err != nil || len(list) == 0 {
			return nil, err
		}
	}
	keys, err := cfg.Verifiers(f.Key)
	if err != nil {
		return nil, err
	}
	return checkpoint.NewAudit(ctx, place, keys)
}

// compare tells how the replay stands to the checkpoints.
func compare(ctx context.Context, audit *checkpoint.Audit, quiet bool, out io.Writer) (*checkpoint.Result, error) {
	if audit == nil {
		if !quiet {
			_, _ = fmt.Fprintln(out, "no checkpoints to compare with")
		}
		return &checkpoint.Result{}, nil
	}
	r, err := audit.Result(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range r.Findings {
		_, _ = fmt.Fprintln(out, f)
	}
	if r.Clean() && !quiet {
		_, _ = fmt.Fprintf(out, "checkpoints that agree: %d, the newest of #%d\n", r.Checkpoints, r.Newest.Size)
	}
	return r, nil
}

// verdict is the error of books that are not in order. It names the first bad transaction as narrowly as it is known.
func verdict(report *ledger.Report, compared *checkpoint.Result) error {
	if report.Clean() && compared.Clean() {
		return nil
	}
	from, to, ok := compared.Range()
	switch first := report.FirstBadSeq; {
	case ok && from == to && (first == nil || to < *first):
		return fmt.Errorf("%w: the first bad transaction is #%d", errNotClean, from)
	case ok && (first == nil || to < *first):
		return fmt.Errorf("%w: the first bad transaction is one of #%d to #%d", errNotClean, from, to)
	case first != nil:
		return fmt.Errorf("%w: the first bad transaction is #%d", errNotClean, *first)
	}
	return errNotClean
}
