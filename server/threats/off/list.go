package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// listed is the table of the rows and their tests, in Markdown.
func listed() string {
	type place struct{ group, test string }
	rows := map[int][]place{}
	for group, controls := range groups {
		for _, c := range controls {
			if p := (place{group, c.Test}); !slices.Contains(rows[c.Row], p) {
				rows[c.Row] = append(rows[c.Row], p)
			}
		}
	}
	var b strings.Builder
	b.WriteString("| row | test | in |\n| --- | --- | --- |\n")
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		slices.SortFunc(rows[row], func(a, b place) int { return strings.Compare(a.test, b.test) })
		for _, p := range rows[row] {
			fmt.Fprintf(&b, "| %d | `%s` | server/threats/%s |\n", row, p.test, p.group)
		}
	}
	return b.String()
}
