package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
)

// account is whom Postgres runs as: nobody else than the program's own user, unless that is root.
type account struct {
	uid, gid uint32
	switched bool
}

// accountFor picks the account for the cluster in data: its owner where it is there already.
func accountFor(data string) (account, error) {
	me := account{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
	if st, err := os.Stat(data); err == nil {
		if sys, ok := st.Sys().(*syscall.Stat_t); ok && sys.Uid != 0 {
			switch {
			case sys.Uid == me.uid:
				return me, nil
			case me.uid == 0:
				return account{uid: sys.Uid, gid: sys.Gid, switched: true}, nil
			}
			return account{}, fmt.Errorf("postgres: %s belongs to user %d; run the program as that user, or choose another POOL_DATA_DIR", data, sys.Uid)
		}
	}
	if me.uid != 0 {
		return me, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return account{uid: uint32(uid), gid: uint32(gid), switched: true}, nil
		}
	}
	return account{}, fmt.Errorf("postgres: it refuses to run as root, and there is no user postgres or nobody to run it as")
}

// own gives path to the account.
func (a account) own(path string) error {
	if !a.switched {
		return nil
	}
	if err := os.Chown(path, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return nil
}

// command prepares a program of Postgres for the cluster in data. It runs in a session of its own, so that Ctrl-C in the
// terminal reaches only us, and without our environment, which has secrets. After the start release frees what it needed.
func (a account) command(ctx context.Context, path, data string, args ...string) (cmd *exec.Cmd, release func(), err error) {
	release = func() {}
	cmd = exec.CommandContext(ctx, path)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
		if runtime.GOOS == "linux" {
			// The account may own the folder and yet not be let through to it, below /root for one. An open folder is
			// a way in that asks nobody.
			folder, err := os.Open(data)
			if err != nil {
				return nil, nil, fmt.Errorf("postgres: %w", err)
			}
			release = func() { _ = folder.Close() }
			cmd.ExtraFiles = []*os.File{folder}
			data = "/proc/self/fd/3"
		}
	}
	cmd.Args = append([]string{path, "-D", data}, args...)
	return cmd, release, nil
}
