// A server of Git over SSH for tests: one key may come in, and read and write the repositories of one folder.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

func main() {
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve prints its port and its host key, as known_hosts has it.
func serve(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: git-ssh <folder of repositories> <file of the key that may come in>")
	}
	text, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	allowed, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return err
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	host, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return err
	}
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if bytes.Equal(key.Marshal(), allowed.Marshal()) {
				return nil, nil
			}
			return nil, errors.New("this key may not come in")
		},
	}
	config.AddHostKey(host)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	fmt.Printf("%d %s", port, ssh.MarshalAuthorizedKey(host.PublicKey()))
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go answer(connection, config, args[0])
	}
}

func answer(connection net.Conn, config *ssh.ServerConfig, folder string) {
	defer connection.Close()
	_, channels, requests, err := ssh.NewServerConn(connection, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "sessions only")
			continue
		}
		if channel, asked, err := offered.Accept(); err == nil {
			go session(channel, asked, folder)
		}
	}
}

func session(channel ssh.Channel, requests <-chan *ssh.Request, folder string) {
	defer channel.Close()
	for request := range requests {
		if request.Type != "exec" {
			_ = request.Reply(false, nil)
			continue
		}
		var asked struct{ Command string }
		err := ssh.Unmarshal(request.Payload, &asked)
		_ = request.Reply(err == nil, nil)
		status := struct{ Code uint32 }{1}
		if err == nil {
			status.Code = run(channel, asked.Command, folder)
		}
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(&status))
		return
	}
}

// run takes the two commands that git sends: `git-upload-pack '/path'`.
func run(channel ssh.Channel, command, folder string) uint32 {
	name, path, _ := strings.Cut(command, " ")
	if name != "git-upload-pack" && name != "git-receive-pack" {
		return 127
	}
	inside := filepath.Join(folder, filepath.Clean("/"+strings.Trim(path, "'")))
	git := exec.Command("git", strings.TrimPrefix(name, "git-"), inside)
	git.Stdout, git.Stderr = channel, channel.Stderr()
	input, err := git.StdinPipe()
	if err != nil || git.Start() != nil {
		return 1
	}
	go func() {
		_, _ = io.Copy(input, channel)
		_ = input.Close()
	}()
	if git.Wait() != nil {
		return 128
	}
	return 0
}
