package account

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"entgo.io/ent/dialect/sql"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/predicate"
	"github.com/resourcepool/resourcepool/ent/user"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/page"
)

var errNoUser = fault.New(fault.NotFound, "there is no such user")

type newUser struct {
	id                ids.ID
	email, name, hash string
	admin, verified   bool
	at                time.Time
}

func (u newUser) insert(ctx context.Context, tx *ent.Client) (*ent.User, error) {
	create := tx.User.Create().SetID(u.id).SetEmail(u.email).SetDisplayName(u.name).SetPasswordHash(u.hash).
		SetAdmin(u.admin).SetCreatedAt(u.at)
	if u.verified {
		create.SetEmailVerifiedAt(u.at)
	}
	made, err := create.Save(ctx)
	if ent.IsConstraintError(err) {
		return nil, errKnownEmail
	}
	if err != nil {
		return nil, fmt.Errorf("account: write a user: %w", err)
	}
	return made, nil
}

// createUser writes a user with their first session and whatever else belongs to it. It returns errKnownEmail where another
// was faster.
func (st store) createUser(ctx context.Context, u newUser, session *newSession, replaces ids.ID, e journal.Event, also func(context.Context, *ent.Client) error) (made *ent.User, err error) {
	err = st.inTx(ctx, func(tx *ent.Client) error {
		if made, err = u.insert(ctx, tx); err != nil {
			return err
		}
		if err := session.insert(ctx, tx, replaces); err != nil {
			return err
		}
		if err := also(ctx, tx); err != nil {
			return err
		}
		return note(ctx, tx, u.id, e)
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// userByEmail returns nil where there is none.
func (st store) userByEmail(ctx context.Context, email string) (*ent.User, error) {
	u, err := st.client.User.Query().Where(user.Email(email)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("account: read a user: %w", err)
	}
	return u, nil
}

// setPassword gives a user another password and ends all of their sessions.
func setPassword(ctx context.Context, tx *ent.Client, id ids.ID, hash string) error {
	if err := tx.User.UpdateOneID(id).SetPasswordHash(hash).Exec(ctx); err != nil {
		return fmt.Errorf("account: set a password: %w", err)
	}
	_, err := endSessions(ctx, tx, id, "")
	return err
}

// UsersByID returns those of the users that exist.
func (s *Service) UsersByID(ctx context.Context, list ...ids.ID) (map[ids.ID]*ent.User, error) {
	users, err := s.store.client.User.Query().Where(user.IDIn(list...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("account: read users: %w", err)
	}
	out := make(map[ids.ID]*ent.User, len(users))
	for _, u := range users {
		out[u.ID] = u
	}
	return out, nil
}

// User returns a user, or NOT_FOUND. Whether the caller may see them is access's question.
func (s *Service) User(ctx context.Context, id ids.ID) (*ent.User, error) {
	if !wellFormed(id, ids.User) {
		return nil, errNoUser
	}
	u, err := s.store.client.User.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, errNoUser
	}
	if err != nil {
		return nil, fmt.Errorf("account: read a user: %w", err)
	}
	return u, nil
}

// UserFilter narrows a list of users. Search is part of a name or an e-mail.
type UserFilter struct {
	Search *string
	Role   *access.Role
	Status *user.Status
}

// The orders of a list of users.
const (
	ByCreatedAt   = "CREATED_AT"
	ByDisplayName = "DISPLAY_NAME"
)

// UserOrder is one of them; the zero value is the oldest first.
type UserOrder struct {
	By   string
	Desc bool
}

// What a search may be. A shorter one finds nearly everybody.
const (
	minSearch = 3
	maxSearch = maxEmail
)

// Users lists users, for admins.
func (s *Service) Users(ctx context.Context, f UserFilter, o UserOrder, args page.Args) (page.Connection[*ent.User], error) {
	where, err := f.where()
	if err != nil {
		return page.Connection[*ent.User]{}, err
	}
	order := page.Order{Name: ByCreatedAt, Expr: user.FieldCreatedAt, Desc: o.Desc}
	if o.By == ByDisplayName {
		order = page.Order{Name: ByDisplayName, Expr: "lower(" + user.FieldDisplayName + ")", Desc: o.Desc}
	}
	return page.Of(ctx, s.store.client.User.Query().Where(where...), args, page.List[*ent.User]{
		DB: s.store.client, Table: user.Table, Key: page.ID(user.FieldID), Order: order,
		KeyOf: func(u *ent.User) string { return string(u.ID) },
	})
}

func (f UserFilter) where() (out []predicate.User, err error) {
	if f.Search != nil {
		if n := utf8.RuneCountInString(*f.Search); n < minSearch || n > maxSearch || !utf8.ValidString(*f.Search) || strings.ContainsRune(*f.Search, 0) {
			return nil, fault.Invalid("filter.search", "search for %d to %d characters", minSearch, maxSearch)
		}
		// ent escapes what LIKE takes for a wildcard.
		out = append(out, user.Or(user.DisplayNameContainsFold(*f.Search), user.EmailContainsFold(*f.Search)))
	}
	if f.Role != nil {
		switch *f.Role {
		case access.Admin:
			out = append(out, user.Admin(true))
		case access.Contributor:
			out = append(out, user.Contributor(true))
		}
	}
	if f.Status != nil {
		out = append(out, user.StatusEQ(*f.Status))
	}
	return out, nil
}

// lockPeople locks the active admins and the people named, in one order, so that of two changes at once the second sees
// what the first did.
func lockPeople(ctx context.Context, tx *ent.Client, people ...ids.ID) (map[ids.ID]*ent.User, error) {
	all, err := tx.User.Query().
		Where(user.Or(user.IDIn(people...), user.And(user.Admin(true), user.StatusEQ(user.StatusACTIVE)))).
		Order(ent.Asc(user.FieldID)).
		Modify(func(s *sql.Selector) { s.For("NO KEY UPDATE") }).
		All(ctx)
	if err != nil {
		return nil, fmt.Errorf("account: lock people: %w", err)
	}
	out := make(map[ids.ID]*ent.User, len(all))
	for _, u := range all {
		out[u.ID] = u
	}
	return out, nil
}
