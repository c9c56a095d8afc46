// The files of a request, which came with it: none is opened on a disk.
package main

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing/fstest"
)

// tree has paths without the slash that all of them begin with.
type tree fstest.MapFS

// treeOf takes one blob for each path.
func treeOf(paths []string, blobs [][]byte) (tree, error) {
	if len(paths) != len(blobs) {
		return nil, errors.New("there are not as many files as paths")
	}
	files := make(tree, len(paths))
	for i, each := range paths {
		files[inside(each)] = &fstest.MapFile{Data: blobs[i], Mode: 0o644}
	}
	return files, nil
}

// inside is the path as io/fs wants it; what climbs above the root stays there, as in a root of an operating system.
func inside(absolute string) string {
	clean := strings.TrimPrefix(path.Clean("/"+absolute), "/")
	if clean == "" {
		return "."
	}
	return clean
}

// put is for what is made on the way.
func (t tree) put(absolute string, data []byte) {
	t[inside(absolute)] = &fstest.MapFile{Data: data, Mode: 0o644}
}

func (t tree) readFile(absolute string) ([]byte, error) {
	data, err := fs.ReadFile(fstest.MapFS(t), inside(absolute))
	return data, named("open", absolute, err)
}

func (t tree) stat(absolute string) (fs.FileInfo, error) {
	info, err := fs.Stat(fstest.MapFS(t), inside(absolute))
	return info, named("lstat", absolute, err)
}

// below is the files of one folder.
func (t tree) below(absolute string) (fs.FS, error) { return fs.Sub(fstest.MapFS(t), inside(absolute)) }

// named tells an error as one of the path that was asked for, and as a system would.
func named(op, absolute string, err error) error {
	var inner *fs.PathError
	if !errors.As(err, &inner) {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &fs.PathError{Op: op, Path: absolute, Err: notThere{}}
	}
	return &fs.PathError{Op: op, Path: absolute, Err: inner.Err}
}

type notThere struct{}

func (notThere) Error() string        { return "no such file or directory" }
func (notThere) Is(target error) bool { return target == fs.ErrNotExist }
