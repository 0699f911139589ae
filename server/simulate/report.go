package simulate

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/resourcepool/resourcepool/server/money"
)

// Format is a way to print results.
type Format string

// The formats.
const (
	Table    Format = "table"
	JSON     Format = "json" // with what every key did
	Markdown Format = "markdown"
)

var headings = []string{"strategy", "success", "p50", "p99", "cost", "per 1000", "expired", "variation", "max/mean", "cache hits", "429s", "5xx"}

func (r Result) row() []string {
	perThousand := 0.0
	if r.Answered > 0 {
		perThousand = dollars(r.Cost) * 1000 / float64(r.Answered)
	}
	return []string{
		string(r.Strategy), fmt.Sprintf("%.2f %%", 100*r.Success), seconds(r.P50Ms), seconds(r.P99Ms),
		fmt.Sprintf("$%.2f", dollars(r.Cost)), fmt.Sprintf("$%.2f", perThousand), fmt.Sprintf("$%.2f", dollars(r.Expired)),
		fmt.Sprintf("%.2f", r.Variation), fmt.Sprintf("%.2f", r.MaxOverMean),
		fmt.Sprintf("%d of %d", r.CacheHits, r.Cacheable), fmt.Sprint(r.RateLimited), fmt.Sprint(r.Failed),
	}
}

// dollars is an amount to look at: no longer exact.
func dollars(u money.USD) float64 { return float64(u) / money.One }

func seconds(ms int64) string { return fmt.Sprintf("%.2f s", float64(ms)/1000) }

// Write prints results in a format.
func Write(w io.Writer, format Format, results []Result) error {
	switch format {
	case JSON:
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(results)
	case Markdown:
		rows := [][]string{headings, slices.Repeat([]string{"---"}, len(headings))}
		for _, r := range results {
			rows = append(rows, r.row())
		}
		for _, cells := range rows {
			if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")); err != nil {
				return err
			}
		}
		return nil
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	rows := [][]string{headings}
	for _, r := range results {
		rows = append(rows, r.row())
	}
	for _, cells := range rows {
		if _, err := fmt.Fprintln(out, strings.Join(cells, "\t")+"\t"); err != nil {
			return err
		}
	}
	return out.Flush()
}
