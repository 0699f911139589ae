package statement

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
)

// Pages are the lines of a statement, a page at a time; none at the end.
type Pages interface {
	Next(ctx context.Context) ([]ledger.StatementLine, error)
}

// Deps are what a Service is made of.
type Deps struct {
	// Open returns a user's statement as it is now, from a time on and before another.
	Open   func(ctx context.Context, user ids.ID, from, to *time.Time) (Pages, error)
	Policy *access.Policy
	Clock  clock.Clock
}

// Service makes statements.
type Service struct{ Deps }

// New returns a service.
func New(d Deps) *Service { return &Service{d} }

// ContentType is that of the file.
const ContentType = "text/csv; charset=utf-8; header=present"

// header are the columns. A charge names its request and model.
var header = []string{"time", "transaction", "kind", "amount", "balance", "memo", "request", "model"}

// Export returns the actor's own statement of the period that the query of an address names: the file's name, and what writes it. It
// returns BAD_USER_INPUT for a parameter that is not one, UNAUTHENTICATED and FORBIDDEN.
func (s *Service) Export(ctx context.Context, a *access.Actor, query string) (name string, write func(io.Writer) error, err error) {
	var user ids.ID
	if a.SignedIn() {
		user = a.ID
	}
	if err := s.Policy.Check(a, "read", "Wallet", user); err != nil {
		return "", nil, err
	}
	p, err := parse(query)
	if err != nil {
		return "", nil, err
	}
	pages, err := s.Open(ctx, user, p.from, p.to)
	if err != nil {
		return "", nil, err
	}
	return p.name(s.Clock.Now()), func(w io.Writer) error { return writeTo(ctx, w, pages) }, nil
}

func writeTo(ctx context.Context, to io.Writer, pages Pages) error {
	w := csv.NewWriter(to)
	w.UseCRLF = true // RFC 4180
	if err := w.Write(header); err != nil {
		return err
	}
	for {
		lines, err := pages.Next(ctx)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := w.Write(row(l)); err != nil {
				return err
			}
		}
		w.Flush()
		if err := w.Error(); err != nil || len(lines) == 0 {
			return err
		}
	}
}

func row(l ledger.StatementLine) []string {
	return []string{
		l.CreatedAt.UTC().Format("2006-01-02T15:04:05.000000Z"), strconv.FormatInt(l.Seq, 10), string(l.Kind),
		money.Format(l.Amount), money.Format(l.BalanceAfter), text(l.Memo), text(string(l.Usage)), text(l.Model),
	}
}

// text is a cell that people wrote: where a spreadsheet would take it for a formula, a quote before it says that it is none.
func text(s string) string {
	if first, _ := utf8.DecodeRuneInString(s); s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}
