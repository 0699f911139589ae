package page

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"strconv"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
)

// Querier is a *sql.DB, a *sql.Tx or an ent client.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error)
}

// query is an ent query of T, such as *ent.UserQuery.
type query[Q, S, T any] interface {
	Clone() Q
	Modify(...func(*sql.Selector)) S
	All(context.Context) ([]T, error)
	Count(context.Context) (int, error)
}

// List describes what an ent query lists.
type List[T any] struct {
	DB    Querier
	Name  string // of the list, part of the cursor: the table where none is given
	Table string
	Key   Key
	KeyOf func(T) string
	Order Order
	// Scope narrows the list to what the caller may see. It holds for rows, count and cursors; the query's own
	// conditions are the filter.
	Scope []func(*sql.Selector)
}

// Of returns a page of an ent query. The query has its conditions, but no order and no limit; it is not changed.
func Of[Q query[Q, S, T], S, T any](ctx context.Context, q Q, args Args, l List[T]) (Connection[T], error) {
	at := list{name: l.Name, table: l.Table, key: l.Key, order: l.Order}
	if at.name == "" {
		at.name = l.Table
	}
	scoped := q.Clone()
	if len(l.Scope) > 0 {
		at.table, at.args = scopedTable(l.Table, l.Scope)
		scoped.Modify(l.Scope...)
	}
	return source[T]{
		list: at,
		key:  l.KeyOf,
		null: func(ctx context.Context, c cursor) (bool, bool, error) { return at.null(ctx, l.DB, c) },
		fetch: func(ctx context.Context, conds []cond, backward bool, limit int) ([]T, error) {
			page := scoped.Clone()
			page.Modify(func(s *sql.Selector) {
				for _, c := range conds {
					s.Where(sql.P(func(b *sql.Builder) { c.build(b) }))
				}
				s.OrderExpr(sql.Raw(at.orderBy(backward))).Limit(limit)
			})
			return page.All(ctx)
		},
		count: func(ctx context.Context) (int, error) { return scoped.Clone().Count(ctx) },
	}.page(ctx, args)
}

// build writes the condition with the builder's own numbers for its arguments.
func (c cond) build(b *sql.Builder) {
	for i, text := range strings.Split(c.text, "?") {
		if i > 0 {
			b.Arg(c.args[i-1])
		}
		b.WriteString(text)
	}
}

// scopedTable is the part of a table that a scope leaves, as a SELECT in brackets.
func scopedTable(table string, scope []func(*sql.Selector)) (string, []any) {
	s := sql.Dialect(dialect.Postgres).Select("*").From(sql.Table(table))
	for _, narrow := range scope {
		narrow(s)
	}
	text, args := s.Query()
	for i := len(args); i > 0; i-- {
		text = strings.Replace(text, "$"+strconv.Itoa(i), "?", 1)
	}
	return "(" + text + ")", args
}

// null reads whether the order's value is null in the cursor's row, and whether that row is there at all.
func (l list) null(ctx context.Context, db Querier, c cursor) (isNull, found bool, err error) {
	expr := "false"
	if l.order.NullsLast && l.order.Expr != "" {
		expr = "(" + l.order.Expr + ") IS NULL"
	}
	text, args := l.lookup(expr, c).numbered(0)
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return false, false, fmt.Errorf("page: look up a cursor of %s: %w", l.name, err)
	}
	defer func() { _ = rows.Close() }()
	if rows.Next() {
		found = true
		if err := rows.Scan(&isNull); err != nil {
			return false, false, fmt.Errorf("page: look up a cursor of %s: %w", l.name, err)
		}
	}
	if err := rows.Err(); err != nil {
		return false, false, fmt.Errorf("page: look up a cursor of %s: %w", l.name, err)
	}
	return isNull, found, nil
}

// numbered writes the condition with $1, $2, … after the first n.
func (c cond) numbered(n int) (string, []any) {
	var b strings.Builder
	for i, text := range strings.Split(c.text, "?") {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(n+i))
		}
		b.WriteString(text)
	}
	return b.String(), c.args
}
