/*
 * The context switch, System V ABI for x86-64: the callee-saved registers go to the old thread's
 * stack, the stack pointers are exchanged, the new thread's registers come back from its stack.
 * Threads that run here do not change the floating point control words, so those are left alone.
 */
	.text

/* void kt_swap(void **save_sp, void *load_sp) */
	.globl	kt_swap
	.type	kt_swap, @function
	.p2align 4
kt_swap:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
	.size	kt_swap, . - kt_swap

/* Where a new thread begins: its function is in rbx, the argument in r12. */
	.globl	kt_start
	.type	kt_start, @function
	.p2align 4
kt_start:
	movq	%r12, %rdi
	movq	%rbx, %rsi
	call	kthread_main
	ud2
	.size	kt_start, . - kt_start

	.section .note.GNU-stack, "", @progbits
