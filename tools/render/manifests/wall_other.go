//go:build !linux

// Where the kernel has no such means, an empty PATH and a transport that refuses are all.
package main

func wallIn() error { return nil }
