package page

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// Select describes a list that a SELECT makes. Both texts have "?" for their arguments.
type Select[T any] struct {
	DB         Querier
	Name       string // of the list, part of the cursor
	Base       string // SELECT … with all that the caller may see, and the columns of key, order and filter
	BaseArgs   []any
	Filter     string // a condition over Base's columns; "" for none
	FilterArgs []any
	Key        Key
	KeyOf      func(T) string
	Order      Order
	Scan       func(*sql.Rows) (T, error)
}

// Rows returns a page of a SELECT.
func Rows[T any](ctx context.Context, args Args, s Select[T]) (Connection[T], error) {
	at := list{name: s.Name, table: "(" + s.Base + ")", args: s.BaseArgs, key: s.Key, order: s.Order}
	return source[T]{
		list: at,
		key:  s.KeyOf,
		null: func(ctx context.Context, c cursor) (bool, bool, error) { return at.null(ctx, s.DB, c) },
		fetch: func(ctx context.Context, conds []cond, backward bool, limit int) ([]T, error) {
			q := s.matching("*", conds)
			q.text += " ORDER BY " + at.orderBy(backward) + " LIMIT " + strconv.Itoa(limit)
			return scanAll(ctx, s.DB, q, s.Scan)
		},
		count: func(ctx context.Context) (int, error) {
			counts, err := scanAll(ctx, s.DB, s.matching("count(*)", nil), func(r *sql.Rows) (n int, err error) {
				err = r.Scan(&n)
				return n, err
			})
			if err != nil {
				return 0, err
			}
			return counts[0], nil
		},
	}.page(ctx, args)
}

func (s Select[T]) matching(columns string, conds []cond) cond {
	if s.Filter != "" {
		conds = append([]cond{{text: "(" + s.Filter + ")", args: s.FilterArgs}}, conds...)
	}
	out := cond{text: "SELECT " + columns + " FROM (" + s.Base + ") AS list", args: append([]any(nil), s.BaseArgs...)}
	texts := make([]string, len(conds))
	for i, c := range conds {
		texts[i] = c.text
		out.args = append(out.args, c.args...)
	}
	if len(texts) > 0 {
		out.text += " WHERE " + strings.Join(texts, " AND ")
	}
	return out
}

func scanAll[T any](ctx context.Context, db Querier, q cond, scan func(*sql.Rows) (T, error)) ([]T, error) {
	text, args := q.numbered(0)
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []T
	for rows.Next() {
		t, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("page: scan: %w", err)
		}
		out = append(out, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return out, nil
}
