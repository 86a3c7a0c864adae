# An interpreter of a small machine with sixteen registers: a jump through a table for each operation.
work:
	la	s1, code		# where it is
	la	s2, registers
	la	s3, operations
	mv	t0, s2
	addi	t1, s2, 64
clear:
	sw	zero, 0(t0)
	addi	t0, t0, 4
	bne	t0, t1, clear
step:
	lw	t0, 0(s1)
	addi	s1, s1, 4
	andi	t1, t0, 255		# the operation
	slli	t1, t1, 2
	add	t1, s3, t1
	lw	t1, 0(t1)
	srli	t2, t0, 6		# its first register
	andi	t2, t2, 60
	add	t2, s2, t2
	srli	t3, t0, 10		# its second
	andi	t3, t3, 60
	add	t3, s2, t3
	jr	t1

op_set:					# a = the upper half
	srli	t0, t0, 16
	sw	t0, 0(t2)
	j	step
op_add:					# a += b
	lw	t1, 0(t2)
	lw	t3, 0(t3)
	add	t1, t1, t3
	sw	t1, 0(t2)
	j	step
op_sub:
	lw	t1, 0(t2)
	lw	t3, 0(t3)
	sub	t1, t1, t3
	sw	t1, 0(t2)
	j	step
op_mul:
	lw	t1, 0(t2)
	lw	t3, 0(t3)
	mul	t1, t1, t3
	sw	t1, 0(t2)
	j	step
op_and:
	lw	t1, 0(t2)
	lw	t3, 0(t3)
	and	t1, t1, t3
	sw	t1, 0(t2)
	j	step
op_copy:
	lw	t3, 0(t3)
	sw	t3, 0(t2)
	j	step
op_jump_if:				# where a is not 0, by the upper half
	lw	t1, 0(t2)
	beqz	t1, step
	srai	t0, t0, 16
	slli	t0, t0, 2
	add	s1, s1, t0
	j	step
op_jump_less:				# where a is less than b, by the upper half
	lw	t1, 0(t2)
	lw	t3, 0(t3)
	bgeu	t1, t3, step
	srai	t0, t0, 16
	slli	t0, t0, 2
	add	s1, s1, t0
	j	step
op_halt:
	lw	a0, 0(t2)
	ret

# A word: the operation, the two registers in four bits each, and a number in the upper half.
	.data
operations:
	.word	op_set, op_add, op_sub, op_mul, op_and, op_copy, op_jump_if, op_jump_less, op_halt
code:
	.word	0xc3500200		# set r2, 50000
	.word	0x00010300		# set r3, 1
	.word	0x00b50400		# set r4, 181
	.word	0x30390500		# set r5, 12345
	.word	0x00004103		# mul r1, r4
	.word	0x00002101		# add r1, r2
	.word	0x00001605		# copy r6, r1
	.word	0x00005604		# and r6, r5
	.word	0x00015607		# jump_less r6, r5, over the next
	.word	0x00003102		# sub r1, r3
	.word	0x00003202		# sub r2, r3
	.word	0xfff80206		# jump_if r2, eight back
	.word	0x00000108		# halt r1
registers:
	.zero	64
