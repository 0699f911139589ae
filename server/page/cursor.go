package page

import (
	"encoding/base64"
	"strings"

	"github.com/resourcepool/resourcepool/server/fault"
)

// Order is one order of a list. Ties are broken by the list's key, in the same direction.
type Order struct {
	Name      string // as the contract has it; part of the cursor
	Expr      string // a column or SQL expression over the list's columns, unqualified; "" orders by the key alone
	Desc      bool
	NullsLast bool // the expression may be null: such rows come last in either direction
}

// Key is what names a row: one column, or several that are unique together.
type Key struct {
	Columns []string
	Parse   func(text string) ([]any, bool) // the values of the columns; false where the text is no key
}

// ID is the key of most tables, a text column.
func ID(column string) Key {
	return Key{Columns: []string{column}, Parse: func(text string) ([]any, bool) { return []any{text}, text != "" }}
}

type list struct {
	name  string
	table string // what a cursor's row is looked up in: a table's name or a SELECT in brackets, with "?" for args
	args  []any
	key   Key
	order Order
}

// cursor is a parsed position.
type cursor struct{ key []any }

const maxCursor = 512

func (l list) label() string {
	if l.order.Desc {
		return l.name + " " + l.order.Name + " desc "
	}
	return l.name + " " + l.order.Name + " asc "
}

func (l list) cursor(key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(l.label() + key))
}

func (l list) parse(field, text string) (cursor, error) {
	if len(text) > maxCursor {
		return cursor{}, foreign(field)
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return cursor{}, foreign(field)
	}
	key, ok := strings.CutPrefix(string(raw), l.label())
	if !ok || strings.ToValidUTF8(key, "") != key || strings.ContainsRune(key, 0) {
		return cursor{}, foreign(field)
	}
	values, ok := l.key.Parse(key)
	if !ok || len(values) != len(l.key.Columns) {
		return cursor{}, foreign(field)
	}
	return cursor{key: values}, nil
}

func foreign(field string) error {
	return fault.Invalid(field, "this cursor does not belong to this list and order")
}

// cond is a condition with "?" for its arguments.
type cond struct {
	text string
	args []any
}

// side is on which side of a cursor, in the order of the list.
type side bool

const (
	after  side = true
	before side = false
)

// beyond is the condition of the rows on one side of the cursor, with the cursor's own row where it is inclusive. null
// says whether the order's value in the cursor's row is null.
func (l list) beyond(c cursor, s side, null, inclusive bool) cond {
	op := "<"
	if bool(s) != l.order.Desc {
		op = ">"
	}
	if inclusive {
		op += "="
	}
	keys := cond{text: row(l.key.Columns) + " " + op + " " + marks(c.key), args: c.key}
	if l.order.Expr == "" {
		return keys
	}
	expr := "(" + l.order.Expr + ")"
	value := l.lookup(expr, c)
	both := cond{
		text: row(append([]string{expr}, l.key.Columns...)) + " " + op + " ((" + value.text + "), " + strings.Trim(marks(c.key), "()") + ")",
		args: append(value.args, c.key...),
	}
	switch {
	case !l.order.NullsLast:
		return both
	case null && s == after:
		return cond{text: "(" + expr + " IS NULL AND " + keys.text + ")", args: keys.args}
	case null:
		return cond{text: "(" + expr + " IS NOT NULL OR " + keys.text + ")", args: keys.args}
	case s == after:
		return cond{text: "(" + expr + " IS NULL OR " + both.text + ")", args: both.args}
	}
	return both
}

// lookup selects an expression from the cursor's row.
func (l list) lookup(expr string, c cursor) cond {
	return cond{
		text: "SELECT " + expr + " FROM " + l.table + " AS at WHERE " + row(l.key.Columns) + " = " + marks(c.key),
		args: append(append([]any(nil), l.args...), c.key...),
	}
}

// orderBy is the text after ORDER BY.
func (l list) orderBy(backward bool) string {
	direction, nulls := " ASC", ""
	if l.order.Desc != backward {
		direction = " DESC"
	}
	if l.order.NullsLast {
		nulls = " NULLS LAST"
		if backward {
			nulls = " NULLS FIRST"
		}
	}
	var terms []string
	if l.order.Expr != "" {
		terms = append(terms, "("+l.order.Expr+")"+direction+nulls)
	}
	for _, k := range l.key.Columns {
		terms = append(terms, k+direction)
	}
	return strings.Join(terms, ", ")
}

func row(columns []string) string { return "(" + strings.Join(columns, ", ") + ")" }

func marks(values []any) string {
	return "(" + strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ") + ")"
}
