# The edit distance of two texts of 700 letters: a table row by row, the least of three.
work:
	addi	sp, sp, -16
	sw	ra, 12(sp)
	li	t0, 2463534242
	la	s1, one
	mv	a1, s1
	call	write
	la	s2, other
	mv	a1, s2
	call	write
	la	s3, costs
	li	s4, 700
	li	t0, 0
first:
	slli	t1, t0, 2
	add	t1, s3, t1
	sw	t0, 0(t1)
	addi	t0, t0, 1
	bgeu	s4, t0, first
	li	s5, 0			# the letter of one text
outer:
	add	t0, s1, s5
	lbu	t0, 0(t0)
	mv	t1, s3
	lw	t2, 0(t1)		# diagonally before
	addi	t3, s5, 1		# before
	sw	t3, 0(t1)
	mv	t4, s2
	add	t5, s2, s4
inner:
	lbu	a0, 0(t4)
	addi	t1, t1, 4
	lw	a1, 0(t1)		# above
	beq	a0, t0, same
	bgeu	t2, t3, not_diagonal
	mv	t3, t2
not_diagonal:
	bgeu	a1, t3, not_above
	mv	t3, a1
not_above:
	addi	t3, t3, 1
	j	settled
same:
	mv	t3, t2
settled:
	sw	t3, 0(t1)
	mv	t2, a1
	addi	t4, t4, 1
	bne	t4, t5, inner
	addi	s5, s5, 1
	bne	s5, s4, outer
	mv	a0, t3
	lw	ra, 12(sp)
	addi	sp, sp, 16
	ret

# writes 700 random letters of four to a1
write:
	addi	a2, a1, 700
letter:
	slli	t1, t0, 13
	xor	t0, t0, t1
	srli	t1, t0, 17
	xor	t0, t0, t1
	slli	t1, t0, 5
	xor	t0, t0, t1
	srli	t1, t0, 30
	sb	t1, 0(a1)
	addi	a1, a1, 1
	bne	a1, a2, letter
	ret

	.data
one:	.zero	700
other:	.zero	700
costs:	.zero	2804
