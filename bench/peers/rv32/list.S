# Sixteen times through a list of 65,536 nodes that lie in no order: loads that wait for loads.
work:
	la	s1, nodes
	li	t0, 0
	li	t1, 65536
	li	t2, 29413
	li	t3, 12345
	addi	t4, t1, -1
	mv	t5, s1
link:
	mul	a0, t0, t2
	add	a0, a0, t3
	and	a1, a0, t4
	slli	a1, a1, 3
	add	a1, s1, a1
	sw	a1, 0(t5)		# the next node
	srli	a0, a0, 7
	sw	a0, 4(t5)		# its value
	addi	t5, t5, 8
	addi	t0, t0, 1
	bne	t0, t1, link
	slli	t1, t1, 4
	li	a0, 0
	li	a1, 0			# the odd values
	mv	t0, s1
walk:
	lw	t2, 4(t0)
	lw	t0, 0(t0)
	add	a0, a0, t2
	andi	t2, t2, 1
	beqz	t2, even
	addi	a1, a1, 1
even:
	addi	t1, t1, -1
	bnez	t1, walk
	xor	a0, a0, a1
	ret

	.data
nodes:	.zero	524288
