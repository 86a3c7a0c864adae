# Where a program starts: as a kernel thread, with a stack of its own in sp, and in a0 the address of its
# arguments: their number, their addresses, 0. Threads that the program creates start in their functions,
# with the gp of their creator.

	.section .text.start, "ax", @progbits
	.globl	_start
	.type	_start, @function
_start:
	.option	push
	.option	norelax
	la	gp, __global_pointer$
	.option	pop
	mv	s0, zero		# the end of a chain of frames
	lw	s1, 0(a0)
	addi	s2, a0, 4
	call	ktm_init
	mv	a0, s1
	mv	a1, s2
	call	main
	call	exit
	ebreak
	.size	_start, . - _start

	.text
	.globl	setjmp
	.type	setjmp, @function
setjmp:
	sw	ra, 0(a0)
	sw	sp, 4(a0)
	sw	s0, 8(a0)
	sw	s1, 12(a0)
	sw	s2, 16(a0)
	sw	s3, 20(a0)
	sw	s4, 24(a0)
	sw	s5, 28(a0)
	sw	s6, 32(a0)
	sw	s7, 36(a0)
	sw	s8, 40(a0)
	sw	s9, 44(a0)
	sw	s10, 48(a0)
	sw	s11, 52(a0)
	li	a0, 0
	ret
	.size	setjmp, . - setjmp

	.globl	longjmp
	.type	longjmp, @function
longjmp:
	lw	ra, 0(a0)
	lw	sp, 4(a0)
	lw	s0, 8(a0)
	lw	s1, 12(a0)
	lw	s2, 16(a0)
	lw	s3, 20(a0)
	lw	s4, 24(a0)
	lw	s5, 28(a0)
	lw	s6, 32(a0)
	lw	s7, 36(a0)
	lw	s8, 40(a0)
	lw	s9, 44(a0)
	lw	s10, 48(a0)
	lw	s11, 52(a0)
	seqz	a0, a1			# longjmp(env, 0) makes setjmp return 1
	add	a0, a0, a1
	ret
	.size	longjmp, . - longjmp
