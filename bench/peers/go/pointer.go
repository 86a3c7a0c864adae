package main

import "unsafe"

func pointerTo(buffer []byte) uintptr {
	return uintptr(unsafe.Pointer(&buffer[0]))
}
